/** NVIDIA GPUs through JCuda's driver API; nothing outside this module knows JCuda. */
@NullMarked
package dev.baton.cuda;

import org.jspecify.annotations.NullMarked;
