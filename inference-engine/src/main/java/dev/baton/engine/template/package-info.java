/** Chat templates: rendering a conversation as the model was trained to read it. */
@NullMarked
package dev.baton.engine.template;

import org.jspecify.annotations.NullMarked;
