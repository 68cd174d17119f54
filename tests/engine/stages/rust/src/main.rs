use std::{env, fs};

fn main() {
    let path = env::args().nth(1).expect("a file");
    let text = fs::read_to_string(&path).expect("a text");
    let level = env::var("LEVEL").unwrap_or_default();
    println!("{} words in {} at {}", text.split_whitespace().count(), path, level);
}
