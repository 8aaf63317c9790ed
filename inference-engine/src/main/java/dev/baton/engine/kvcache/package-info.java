/** KV memory: the block pool and the system KV cache. */
@NullMarked
package dev.baton.engine.kvcache;

import org.jspecify.annotations.NullMarked;
