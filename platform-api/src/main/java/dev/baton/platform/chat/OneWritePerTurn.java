package dev.baton.platform.chat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.concurrent.RejectedExecutionException;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.stereotype.Component;
import reactor.netty.NettyPipeline;

/**
 * Sends what one turn of an event loop writes to a connection with one call of the system: an
 * answer's head with its first events, its last events with the end of its body. The first events
 * go at once; somebody waits for them.
 *
 * <p>Reactor Netty writes the next part when the one before is done. A part counts as done here
 * when it is in the connection's buffer, as long as that is below its high-water mark. Above it,
 * and for the last part, after which the connection may be closed, done means what it does
 * elsewhere: the system has it.
 */
final class OneWritePerTurn extends ChannelOutboundHandlerAdapter {
  private boolean headOnly; // written last
  private boolean planned;

  /** Puts one into each connection of the port that tenants use. */
  @Component
  static final class Customizer
      implements WebServerFactoryCustomizer<NettyReactiveWebServerFactory> {
    @Override
    public void customize(NettyReactiveWebServerFactory factory) {
      factory.addServerCustomizers(server ->
          server.doOnChannelInit((observer, channel, remote) -> {
            if (channel.pipeline().get(NettyPipeline.HttpCodec) != null) {
              channel
                  .pipeline()
                  .addAfter(NettyPipeline.HttpCodec, "oneWritePerTurn", new OneWritePerTurn());
            }
          }));
    }
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    boolean part = isPart(message);
    boolean first = headOnly && part;
    headOnly = part && message instanceof HttpResponse;
    if (!part || !context.channel().isWritable()) {
      context.write(message, promise);
      return;
    }
    context.write(message).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
    if (first) {
      context.flush();
    } else {
      planFlush(context); // what is done is flushed by nobody else
    }
    promise.trySuccess();
  }

  /** Heads and bytes; not what lies outside of memory, which is let go when it is done. */
  private static boolean isPart(Object message) {
    return message instanceof ByteBuf
        || message instanceof HttpObject && !(message instanceof LastHttpContent);
  }

  @Override
  public void flush(ChannelHandlerContext context) {
    if (context.channel().isWritable()) {
      planFlush(context);
    } else {
      context.flush();
    }
  }

  private void planFlush(ChannelHandlerContext context) {
    if (!planned) {
      try {
        context
            .executor()
            .execute(() -> {
              planned = false;
              context.flush();
            });
        planned = true;
      } catch (RejectedExecutionException ended) {
        context.flush();
      }
    }
  }

  /** What counts as done is sent, as far as the client takes it. */
  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    context.flush();
    context.close(promise);
  }
}
