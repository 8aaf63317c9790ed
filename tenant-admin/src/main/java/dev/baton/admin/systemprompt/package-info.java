/** System prompts: immutable versions, their activation, and the residency of their system KVs. */
@NullMarked
package dev.baton.admin.systemprompt;

import org.jspecify.annotations.NullMarked;
