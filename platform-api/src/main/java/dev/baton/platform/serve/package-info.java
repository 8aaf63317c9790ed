/** One JVM as the whole product: engine, own Redis, first-start tenants, the start banner. */
@NullMarked
package dev.baton.platform.serve;

import org.jspecify.annotations.NullMarked;
