use std::ffi::CStr;
use std::os::raw::c_char;

#[link(name = "yaml")]
extern "C" {
    fn yaml_get_version_string() -> *const c_char;
}

fn main() {
    println!("yaml {}", unsafe { CStr::from_ptr(yaml_get_version_string()) }.to_str().unwrap());
}
