public class Probe {
    public static void main(String[] arguments) throws Exception {
        try (var text = Probe.class.getResourceAsStream("/greeting.txt")) {
            System.out.println(new String(text.readAllBytes()).strip() + " " + String.join(" ", arguments));
        }
    }
}
