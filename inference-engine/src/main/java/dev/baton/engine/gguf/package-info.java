/** GGUF v3 model files: reading by memory mapping, every field checked, and writing. */
@NullMarked
package dev.baton.engine.gguf;

import org.jspecify.annotations.NullMarked;
