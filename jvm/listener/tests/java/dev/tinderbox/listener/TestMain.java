package dev.tinderbox.listener;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/** Runs every static void method without parameters of the test classes; an argument filters by name. */
public final class TestMain {
    private static final List<Class<?>> TESTS = List.of(
            EventQueueTest.class, RedactorTest.class, LiveConfigTest.class, ShipperTest.class, ListenerTest.class);

    /** A test that hangs must not hold up the whole build. */
    private static final long LIMIT_MILLIS = 120_000;

    public static void main(String[] arguments) throws Exception {
        endAfterLimit();
        List<String> failed = new ArrayList<>();
        int run = 0;
        for (Class<?> test : TESTS) {
            Method[] methods = test.getDeclaredMethods();
            Arrays.sort(methods, Comparator.comparing(Method::getName));
            for (Method method : methods) {
                String name = test.getSimpleName() + "." + method.getName();
                boolean wanted = arguments.length == 0 || name.contains(arguments[0]);
                if (isTest(method) && wanted) {
                    run++;
                    if (!passes(method, name)) {
                        failed.add(name);
                    }
                }
            }
        }
        System.out.println(run + " tests, " + failed.size() + " failed " + failed);
        System.exit(run > 0 && failed.isEmpty() ? 0 : 1);
    }

    static void check(boolean holds, String claim) {
        if (!holds) {
            throw new AssertionError(claim);
        }
    }

    static void equal(Object expected, Object actual) {
        check(Objects.equals(expected, actual), "expected " + expected + ", got " + actual);
    }

    /** Waits until the condition holds, at most ten seconds. */
    static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (!condition.getAsBoolean()) {
            check(System.nanoTime() < deadline, "waited in vain for: " + what);
            Thread.sleep(5);
        }
    }

    static long millisSince(long startNanos) {
        return (System.nanoTime() - startNanos) / 1_000_000;
    }

    private static void endAfterLimit() {
        Thread main = Thread.currentThread();
        Thread watchdog = new Thread(() -> {
            try {
                Thread.sleep(LIMIT_MILLIS);
            } catch (InterruptedException ended) {
                return;
            }
            System.out.println("FAIL the tests hang; the main thread is at");
            for (StackTraceElement frame : main.getStackTrace()) {
                System.out.println("  " + frame);
            }
            Runtime.getRuntime().halt(1);
        });
        watchdog.setDaemon(true);
        watchdog.start();
    }

    private static boolean isTest(Method method) {
        return Modifier.isStatic(method.getModifiers()) && !Modifier.isPrivate(method.getModifiers())
                && !method.isSynthetic() && method.getReturnType() == void.class && method.getParameterCount() == 0;
    }

    private static boolean passes(Method method, String name) throws IllegalAccessException {
        long start = System.nanoTime();
        try {
            method.invoke(null);
            System.out.println("ok   " + name + " (" + millisSince(start) + " ms)");
            return true;
        } catch (InvocationTargetException failure) {
            System.out.println("FAIL " + name + " (" + millisSince(start) + " ms)");
            failure.getCause().printStackTrace(System.out);
            return false;
        }
    }
}
