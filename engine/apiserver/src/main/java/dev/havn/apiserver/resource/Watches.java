// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.Response;
import dev.havn.schema.ResourceType;
import dev.havn.schema.codec.Protobuf;
import dev.havn.store.CompactedException;
import dev.havn.store.Cursor;
import dev.havn.store.Entry;
import dev.havn.store.Event;
import dev.havn.store.Page;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Watch: a cursor on the store's log and a connection that takes what it can.
final class Watches {
  private static final Logger LOG = LoggerFactory.getLogger(Watches.class);
  private static final Duration BOOKMARK_EVERY = Duration.ofMinutes(1);
  private static final Duration TIMEOUT = Duration.ofMinutes(45);
  private static final int EVENTS_PER_POLL_MAX = 64;

  /// A header of our own by which an informer says what it would throw away.
  private static final String OMIT_HEADER = "havn-omit";

  private final Objects objects;
  private final Tables tables;
  private final ScheduledExecutorService executor;
  private final Deliveries deliveries;
  private final Set<Session> open = ConcurrentHashMap.newKeySet();

  Watches(Objects objects, Tables tables, ScheduledExecutorService executor) {
    this.objects = objects;
    this.tables = tables;
    this.executor = executor;
    this.deliveries = new Deliveries(executor);
  }

  void watch(Call call, Response response) {
    Media media = Media.ofCollection(call);
    ListOptions.check(call);
    Selection selection = Selection.of(call);
    String prefix = Objects.prefix(call.type(), call.namespace());
    long revision = objects.checkReached(call.type(), call.query("resourceVersion"));
    boolean initial =
        call.query("sendInitialEvents") == null ? revision == 0 : call.flag("sendInitialEvents");
    boolean synthetic = initial || revision == 0;
    List<Entry> present = List.of();
    if (synthetic && !(call.query("sendInitialEvents") != null && !initial)) {
      Page page = objects.page(prefix, "", 0, 0);
      present = page.entries();
      revision = page.revision();
    } else if (revision == 0) {
      revision = objects.revision();
    }
    @Nullable Cursor cursor = null;
    @Nullable ApiException tooOld = null;
    try {
      cursor = objects.store().watch(prefix, revision);
    } catch (CompactedException e) {
      tooOld = ApiException.tooOld(e.requested(), e.available());
    }
    BodyStream stream =
        WebSocketEvents.isAsked(call.request())
            ? WebSocketEvents.accept(
                call.request(), response, media.format() != Media.Format.PROTOBUF)
            : response.stream(200, Output.headers(media.watchContentType(), call.warnings()));
    Session session = new Session(call, media, selection, cursor, stream, initial);
    if (tooOld != null) {
      session.fail(tooOld);
    } else {
      session.start(present, revision);
    }
  }

  /// Ends all watches that are under way, in good order.
  void endAll() {
    List.copyOf(open).forEach(Session::end);
  }

  /// One watch under way. Its steps run on the executor, one at a time.
  private final class Session {
    private final Call call;
    private final Media media;
    private final Selection selection;
    private final @Nullable Cursor cursor;
    private final BodyStream stream;
    private final boolean initial;
    private final boolean bookmarks;
    private final boolean bare;
    private final ResourceType type;
    private final List<ScheduledFuture<?>> timers = new ArrayList<>();
    private boolean tableHead = true;
    private boolean closed;

    Session(
        Call call,
        Media media,
        Selection selection,
        @Nullable Cursor cursor,
        BodyStream stream,
        boolean initial) {
      this.call = call;
      this.media = media;
      this.selection = selection;
      this.cursor = cursor;
      this.stream = stream;
      this.initial = initial;
      this.bookmarks = call.flag("allowWatchBookmarks");
      this.bare = "managedFields".equals(call.request().headers().first(OMIT_HEADER));
      this.type = call.type();
    }

    synchronized void start(List<Entry> present, long revision) {
      List<ByteBuffer> frames = new ArrayList<>();
      for (Entry entry : present) {
        StoredObject object = StoredObject.of(entry);
        if (selection.matches(type, object)) {
          frames.addAll(frame("ADDED", object, entry.revision()));
        }
      }
      if (initial && bookmarks) {
        frames.addAll(bookmark(revision, true));
      }
      stream.write(frames);
      stream.onClose(this::close);
      @Nullable String timeout = call.query("timeoutSeconds");
      Duration ends =
          timeout != null && timeout.matches("[1-9][0-9]{0,8}")
              ? Duration.ofSeconds(Long.parseLong(timeout))
              : TIMEOUT;
      if (!closed) {
        open.add(this);
        timers.add(executor.schedule(this::end, ends.toMillis(), TimeUnit.MILLISECONDS));
        if (bookmarks) {
          timers.add(
              executor.scheduleWithFixedDelay(
                  this::sendBookmark,
                  BOOKMARK_EVERY.toMillis(),
                  BOOKMARK_EVERY.toMillis(),
                  TimeUnit.MILLISECONDS));
        }
      }
      next();
    }

    /// Sends what there is, then waits for more, or for the peer to keep up.
    private synchronized void drain() {
      if (closed || cursor == null) {
        return;
      }
      try {
        while (stream.writable()) {
          List<Event> events = cursor.poll(EVENTS_PER_POLL_MAX);
          if (events.isEmpty()) {
            next();
            return;
          }
          List<ByteBuffer> frames = new ArrayList<>(events.size());
          for (Event event : events) {
            frames.addAll(frame(event));
          }
          if (!frames.isEmpty()) {
            stream.write(frames);
          }
        }
        stream.onWritable(() -> deliveries.add(this::drain));
      } catch (CompactedException e) {
        fail(ApiException.tooOld(e.requested(), e.available()));
      } catch (RejectedExecutionException closing) {
        end();
      } catch (RuntimeException e) {
        // A watch that says nothing any more looks like one with no news.
        LOG.error("a watch of {} ends", type.plural(), e);
        fail(ApiException.internal(String.valueOf(e.getMessage())));
      }
    }

    private void next() {
      if (cursor != null && !closed) {
        cursor.onReady(() -> deliveries.add(this::drain));
      }
    }

    private List<ByteBuffer> frame(Event event) {
      @Nullable Entry before = event.previous();
      @Nullable Entry after = event.current();
      boolean was = before != null && selection.matches(type, StoredObject.of(before));
      boolean is = after != null && selection.matches(type, StoredObject.of(after));
      if (is && after != null) {
        return frame(was ? "MODIFIED" : "ADDED", StoredObject.of(after), event.revision());
      }
      if (was && before != null) {
        StoredObject last = StoredObject.of(before);
        return frame("DELETED", last, event.revision());
      }
      return List.of();
    }

    private List<ByteBuffer> frame(String event, StoredObject object, long revision) {
      boolean asStored = media.as().isEmpty() && Conversions.isPlain(type, object);
      if (asStored && media.format() == Media.Format.JSON) {
        return List.of(object.event(event, revision, bare));
      }
      if (asStored && media.format() == Media.Format.PROTOBUF) {
        byte[] sealed =
            Protobuf.seal(type.apiVersion(), type.kind(), object.protobuf(type.schema(), revision));
        return delimited(Protobuf.watchEvent(event, sealed));
      }
      if (media.as().equals("PartialObjectMetadata") && media.asVersion().equals("v1")) {
        Chunks out = new Chunks();
        out.write("{\"type\":\"" + event + "\",\"object\":");
        object.writePartial(out, revision, bare);
        return out.write("}\n").buffers();
      }
      ObjectNode tree = Conversions.tree(type, object);
      ((ObjectNode) tree.get("metadata")).put("resourceVersion", String.valueOf(revision));
      return tree(event, tree);
    }

    private List<ByteBuffer> tree(String event, ObjectNode object) {
      ObjectNode shown = object;
      if (media.as().equals("Table")) {
        ObjectNode meta = JsonNodeFactory.instance.objectNode();
        meta.set("resourceVersion", object.path("metadata").path("resourceVersion"));
        shown =
            event.equals("BOOKMARK")
                ? tables.empty(media, meta)
                : tables.of(type, media, Reads.includeObject(call), List.of(object), meta);
        if (!tableHead) {
          shown.putNull("columnDefinitions");
        }
        tableHead = false;
      } else if (!media.as().isEmpty()) {
        shown = Reads.partial(object, media);
      } else if (media.format() == Media.Format.PROTOBUF) {
        byte[] sealed =
            Protobuf.seal(
                object.path("apiVersion").asText(),
                object.path("kind").asText(),
                Protobuf.message(object, type.schema()));
        return delimited(Protobuf.watchEvent(event, sealed));
      }
      return json(event, shown);
    }

    private static List<ByteBuffer> json(String event, ObjectNode object) {
      ObjectNode frame = JsonNodeFactory.instance.objectNode();
      frame.put("type", event).set("object", object);
      return new Chunks().write(Output.json(frame, false)).write("\n").buffers();
    }

    /// Protobuf frames carry their length in four bytes.
    private static List<ByteBuffer> delimited(byte[] message) {
      ByteBuffer frame = ByteBuffer.allocate(4 + message.length);
      frame.putInt(message.length).put(message).flip();
      return List.of(frame);
    }

    private List<ByteBuffer> bookmark(long revision, boolean endsInitialEvents) {
      return tree("BOOKMARK", Bookmark.of(type, revision, endsInitialEvents));
    }

    private synchronized void sendBookmark() {
      if (!closed && cursor != null && stream.writable()) {
        drain();
        if (!closed) {
          stream.write(bookmark(cursor.revision(), false));
        }
      }
    }

    /// Ends the watch with an error the client must act on.
    void fail(ApiException error) {
      if (media.format() == Media.Format.PROTOBUF && media.as().isEmpty()) {
        ObjectNode status = error.status();
        var schema = objects.registry().struct("io.k8s.apimachinery.pkg.apis.meta.v1.Status");
        if (schema != null) {
          byte[] sealed = Protobuf.seal("v1", "Status", Protobuf.message(status, schema));
          stream.write(delimited(Protobuf.watchEvent("ERROR", sealed)));
        }
      } else {
        stream.write(json("ERROR", error.status()));
      }
      end();
    }

    private synchronized void end() {
      close();
      stream.close();
    }

    private synchronized void close() {
      if (!closed) {
        closed = true;
        open.remove(this);
        timers.forEach(timer -> timer.cancel(false));
        if (cursor != null) {
          cursor.close();
        }
      }
    }
  }
}
