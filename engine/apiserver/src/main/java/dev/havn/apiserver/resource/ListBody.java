// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Response;
import java.util.List;
import java.util.concurrent.Executor;

/// The body of a list. A short one is one answer; of a long one the next piece is made when the
/// peer has taken the one before, so that it costs no memory of its size.
final class ListBody<T> {
  private static final int SHORT_ITEMS_MAX = 64;
  private static final int PIECE_ITEMS_MAX = 32;

  private final List<T> items;
  private final Form<T> form;
  private int next;

  /// How a list is written.
  interface Form<T> {
    void head(Chunks out);

    void item(Chunks out, T item, boolean first);

    void tail(Chunks out);
  }

  ListBody(List<T> items, Form<T> form) {
    this.items = items;
    this.form = form;
  }

  void send(Response response, Headers headers, Executor executor) {
    if (items.size() <= SHORT_ITEMS_MAX) {
      Chunks out = new Chunks();
      write(out, items.size());
      response.send(200, headers, out.buffers());
      return;
    }
    feed(response.stream(200, headers), executor);
  }

  private void feed(BodyStream stream, Executor executor) {
    while (stream.writable()) {
      Chunks out = new Chunks();
      write(out, PIECE_ITEMS_MAX);
      stream.write(out.buffers());
      if (next == items.size()) {
        stream.close();
        return;
      }
    }
    stream.onWritable(() -> executor.execute(() -> feed(stream, executor)));
  }

  /// Writes at most `most` items, and the ends of the list where they belong.
  private void write(Chunks out, int most) {
    if (next == 0) {
      form.head(out);
    }
    int until = Math.min(items.size(), next + most);
    for (; next < until; next++) {
      form.item(out, items.get(next), next == 0);
    }
    if (next == items.size()) {
      form.tail(out);
    }
  }
}
