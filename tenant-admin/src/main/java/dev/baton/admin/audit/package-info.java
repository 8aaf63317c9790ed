/** The audit log: who changed what, written in one step with the change. */
@NullMarked
package dev.baton.admin.audit;

import org.jspecify.annotations.NullMarked;
