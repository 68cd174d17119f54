import java.nio.file.*;
import java.util.stream.*;

public class Probe {
    record Words(String file, long count) {}

    public static void main(String[] arguments) throws Exception {
        try (Stream<String> lines = Files.lines(Path.of(arguments[0]))) {
            System.out.println(new Words(arguments[0], lines.flatMap(line -> Stream.of(line.split(" "))).count()));
        }
    }
}
