@NullMarked
package dev.baton.admin.systemprompt;

import org.jspecify.annotations.NullMarked;
