// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Bytes gathered into chunks of a size that sockets and TLS like.
final class Chunks {
  private static final int CHUNK_BYTES = 256 << 10;
  private static final int FIRST_BYTES = 4 << 10;

  private final List<ByteBuffer> full = new ArrayList<>();
  private byte[] chunk;
  private int size;

  Chunks() {
    this(FIRST_BYTES);
  }

  /// @param bytes that the first chunk holds
  Chunks(int bytes) {
    this.chunk = new byte[Math.min(bytes, CHUNK_BYTES)];
  }

  Chunks write(String text) {
    return write(text.getBytes(StandardCharsets.UTF_8));
  }

  Chunks write(byte[] bytes) {
    return write(bytes, 0, bytes.length);
  }

  Chunks write(byte[] bytes, int from, int length) {
    int at = from;
    int left = length;
    while (left > 0) {
      if (size == chunk.length) {
        full.add(ByteBuffer.wrap(chunk, 0, size));
        chunk = new byte[Math.min(CHUNK_BYTES, Math.max(left, chunk.length * 4))];
        size = 0;
      }
      int part = Math.min(left, chunk.length - size);
      System.arraycopy(bytes, at, chunk, size, part);
      at += part;
      left -= part;
      size += part;
    }
    return this;
  }

  /// All that was written, in one piece.
  byte[] toByteArray() {
    if (full.isEmpty()) {
      return size == chunk.length ? chunk : Arrays.copyOf(chunk, size);
    }
    List<ByteBuffer> all = buffers();
    ByteBuffer whole = ByteBuffer.allocate(all.stream().mapToInt(ByteBuffer::remaining).sum());
    all.forEach(each -> whole.put(each.duplicate()));
    return whole.array();
  }

  /// All that was written; the chunks are used no more.
  List<ByteBuffer> buffers() {
    if (size > 0) {
      full.add(ByteBuffer.wrap(chunk, 0, size));
    }
    return full;
  }
}
