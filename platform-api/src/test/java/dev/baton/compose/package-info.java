/** Tests of the image and of docker-compose.yml, where a container engine is at hand. */
@NullMarked
package dev.baton.compose;

import org.jspecify.annotations.NullMarked;
