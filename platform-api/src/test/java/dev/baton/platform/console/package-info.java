/** The console in a real browser, against the running platform. */
@org.jspecify.annotations.NullMarked
package dev.baton.platform.console;
