/** The one place where everything that can go wrong under {@code /v1} becomes an OpenAI error. */
@NullMarked
package dev.baton.platform.problem;

import org.jspecify.annotations.NullMarked;
