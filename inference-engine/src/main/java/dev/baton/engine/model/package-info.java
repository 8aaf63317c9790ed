/** What a model is: its shape, its weights, and where they lie in the file. */
@NullMarked
package dev.baton.engine.model;

import org.jspecify.annotations.NullMarked;
