public class Calc {
    public static void main(String[] args) {
        System.out.println(6 * 7);
    }
}
