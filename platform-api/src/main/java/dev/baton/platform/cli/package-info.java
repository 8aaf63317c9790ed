/** The command line: serve, chat, and the engine's developer tools. */
@NullMarked
package dev.baton.platform.cli;

import org.jspecify.annotations.NullMarked;
