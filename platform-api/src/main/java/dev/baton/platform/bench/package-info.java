/** {@code baton bench}: the benchmarks that go through HTTP, beside the engine's own. */
@NullMarked
package dev.baton.platform.bench;

import org.jspecify.annotations.NullMarked;
