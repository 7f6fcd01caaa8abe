// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import io.airlift.compress.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/// Archives and layers may be compressed; what they begin with says how.
final class Compression {
  private static final int BUFFER_BYTES = 64 << 10;
  private static final byte[] GZIP = {0x1f, (byte) 0x8b};
  private static final byte[] ZSTD = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd};

  private Compression() {}

  /// The content of a file, uncompressed.
  static InputStream open(Path file) throws IOException {
    InputStream raw = new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES);
    try {
      raw.mark(ZSTD.length);
      byte[] start = raw.readNBytes(ZSTD.length);
      raw.reset();
      if (Arrays.equals(start, 0, Math.min(2, start.length), GZIP, 0, 2)) {
        return new BufferedInputStream(new GZIPInputStream(raw, BUFFER_BYTES), BUFFER_BYTES);
      }
      return Arrays.equals(start, ZSTD) ? new ZstdInputStream(raw) : raw;
    } catch (IOException e) {
      raw.close();
      throw e;
    }
  }
}
