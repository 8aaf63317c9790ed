@NullMarked
package dev.baton.admin.http;

import org.jspecify.annotations.NullMarked;
