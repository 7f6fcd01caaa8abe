// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/// Keeps the first bytes of an output and takes the rest without a word: a probe that prints for as
/// long as it may would fill the heap.
final class FirstBytes extends OutputStream {
  private static final int BYTES_MAX = 10_240;

  private final ByteArrayOutputStream kept = new ByteArrayOutputStream();

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) {
    kept.write(bytes, offset, Math.min(length, BYTES_MAX - kept.size()));
  }

  @Override
  public synchronized String toString() {
    return kept.toString(StandardCharsets.UTF_8);
  }
}
