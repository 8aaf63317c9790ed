package dev.baton.platform.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OneWritePerTurnTest {
  private final Wire wire = new Wire();
  private final EmbeddedChannel channel = new EmbeddedChannel(wire, new OneWritePerTurn());

  @AfterEach
  void releaseAll() {
    channel.finishAndReleaseAll();
  }

  /**
   * What lies between the handler and the socket, and what each flush sent. An embedded channel
   * ends its loop's turn with each write, so writes come to it with their flush.
   */
  private static final class Wire extends ChannelOutboundHandlerAdapter {
    private record Write(Object message, ChannelPromise promise) {}

    private final List<List<String>> sent = new ArrayList<>();
    private List<Write> written = new ArrayList<>();
    private boolean broken;

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
      if (broken) {
        promise.setFailure(new IOException("broken"));
      } else {
        written.add(new Write(message, promise));
      }
    }

    @Override
    public void flush(ChannelHandlerContext context) {
      List<Write> sending = written;
      written = new ArrayList<>();
      if (!sending.isEmpty()) {
        sent.add(sending.stream().map(write -> name(write.message())).toList());
        sending.forEach(write -> context.write(write.message(), write.promise()));
      }
      context.flush();
    }

    private static String name(Object message) {
      return switch (message) {
        case FullHttpResponse whole -> "whole";
        case HttpResponse head -> "head";
        case LastHttpContent end -> "end";
        case ByteBuf bytes -> bytes.toString(StandardCharsets.US_ASCII);
        default -> message.getClass().getSimpleName();
      };
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
      sent.add(List.of("close"));
      context.close(promise);
    }
  }

  private static HttpResponse head() {
    return new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
  }

  private static ByteBuf part(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
  }

  /** Runs it as one turn of the event loop, then what it has planned. */
  private void turn(Runnable writer) {
    CompletableFuture<Void> done = CompletableFuture.runAsync(writer, channel.eventLoop());
    channel.runPendingTasks();
    done.join();
  }

  private ChannelFuture write(Object message) {
    return channel.pipeline().write(message);
  }

  private ChannelFuture writeAndFlush(Object message) {
    return channel.pipeline().writeAndFlush(message);
  }

  @Test
  void aHeadGoesWithTheFirstPartWhichDoesNotWait() {
    turn(() -> {
      assertThat(writeAndFlush(head()).isSuccess()).as("Reactor Netty goes on").isTrue();
      assertThat(wire.sent).isEmpty();
      assertThat(writeAndFlush(part("first")).isSuccess()).isTrue();
      assertThat(wire.sent).containsExactly(List.of("head", "first"));
    });
  }

  @Test
  void aHeadWithoutAPartGoesByTheTurnsEnd() {
    turn(() -> writeAndFlush(head()));
    assertThat(wire.sent).containsExactly(List.of("head"));
    turn(() -> writeAndFlush(part("first")));
    assertThat(wire.sent).containsExactly(List.of("head"), List.of("first"));
  }

  @Test
  void laterPartsAndTheEndGoTogetherByTheTurnsEnd() {
    turn(() -> {
      writeAndFlush(head());
      writeAndFlush(part("first"));
    });
    turn(() -> {
      assertThat(writeAndFlush(part("second")).isSuccess()).isTrue();
      assertThat(writeAndFlush(part("third")).isSuccess()).isTrue();
      assertThat(writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT).isDone())
          .as("a connection may be closed when it is")
          .isFalse();
      assertThat(wire.sent).hasSize(1);
    });
    assertThat(wire.sent)
        .containsExactly(List.of("head", "first"), List.of("second", "third", "end"));
  }

  @Test
  void whatNobodyFlushesGoesToo() {
    turn(() -> write(head()));
    turn(() -> {
      write(part("first"));
      write(part("second"));
    });
    assertThat(wire.sent).containsExactly(List.of("head"), List.of("first"), List.of("second"));
  }

  @Test
  void aWholeAnswerGoesByTheTurnsEnd() {
    AtomicReference<ChannelFuture> whole = new AtomicReference<>();
    turn(() -> {
      whole.set(
          writeAndFlush(
              new DefaultFullHttpResponse(
                  HttpVersion.HTTP_1_1, HttpResponseStatus.OK, part("whole"))));
      assertThat(whole.get().isDone()).isFalse();
    });
    assertThat(whole.get().isSuccess()).isTrue();
    assertThat(wire.sent).containsExactly(List.of("whole"));
  }

  @Test
  void aWriterWaitsForAConnectionWhoseBufferIsFull() {
    turn(() -> {
      assertThat(write(part("fits")).isSuccess()).isTrue();
      channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
      ChannelFuture waiting = write(part("waits"));
      assertThat(waiting.isDone()).isFalse();
      channel.pipeline().flush();
      assertThat(waiting.isSuccess()).isTrue();
    });
    assertThat(wire.sent).containsExactly(List.of("fits", "waits"));
  }

  @Test
  void aFileIsDoneWhenItIsSent() {
    turn(() -> {
      ChannelFuture file = write(new DefaultFileRegion(new File("/dev/null"), 0, 0));
      assertThat(file.isDone()).isFalse();
    });
  }

  @Test
  void whatIsDoneIsSentBeforeAClose() {
    turn(() -> {
      writeAndFlush(head());
      writeAndFlush(part("first"));
      writeAndFlush(part("second"));
      channel.pipeline().close();
    });
    assertThat(wire.sent)
        .containsExactly(List.of("head", "first"), List.of("second"), List.of("close"));
  }

  @Test
  void aFailureClosesTheConnection() {
    wire.broken = true;
    turn(() -> {
      assertThat(write(part("lost")).isSuccess()).isTrue();
      assertThat(channel.isOpen()).isFalse();
      assertThat(write(part("more")).cause())
          .as("told to its writer")
          .isInstanceOf(IOException.class);
    });
  }
}
