/** Who is calling: an API key becomes a tenant with its active system prompt. */
@NullMarked
package dev.baton.platform.access;

import org.jspecify.annotations.NullMarked;
