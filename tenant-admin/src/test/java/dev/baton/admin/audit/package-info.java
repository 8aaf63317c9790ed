@NullMarked
package dev.baton.admin.audit;

import org.jspecify.annotations.NullMarked;
