package dev.tinderbox.listener;

/** The driver's standard error, which every launcher captures; needs no logging library. */
final class DriverLog {
    private DriverLog() {}

    static void warn(String message) {
        System.err.println("tinderbox listener: " + message);
    }
}
