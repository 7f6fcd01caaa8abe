// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;

/// A tar that somebody else made. All that stands between the contents of two entries is taken into
/// memory by the reader of tars, whatever the tar says how much it is; here it is given so many
/// bytes of it and no more. What counts is what the reader itself takes for a header or a content:
/// nothing is parsed a second time, so that there is nothing to disagree on.
///
/// Entries come from [#next()], not from `getNextEntry()`, which the reader calls itself for each
/// header that says something of the entry after it.
final class ImageTar extends TarArchiveInputStream {
  private static final int HEADER_BYTES_MAX = 4 << 20;
  private static final int ROW_MAX = 64;
  private static final int GLOBAL_MAX = 64;
  private static final int TYPE_AT = 156;
  private static final String EXTENDED = "xgXLK";

  private final Bounded bounded;
  private int row;
  private int global;

  private ImageTar(Bounded bounded) {
    super(bounded);
    this.bounded = bounded;
  }

  static ImageTar of(InputStream in) {
    return new ImageTar(new Bounded(in));
  }

  /// The next entry, whatever was read of the content of the one before; null at the end.
  ///
  /// @throws IOException when the headers before it are larger or more than any are
  @Nullable TarArchiveEntry next() throws IOException {
    if (getCurrentEntry() != null) {
      long unused = transferTo(OutputStream.nullOutputStream());
    }
    bounded.left = HEADER_BYTES_MAX;
    row = 0;
    try {
      return getNextEntry();
    } finally {
      bounded.left = Long.MAX_VALUE;
    }
  }

  /// One header, as the reader takes it. It goes a call deeper with each that says something of the
  /// next, and keeps what global ones say to the end.
  @Override
  protected byte @Nullable [] readRecord() throws IOException {
    byte @Nullable [] header = super.readRecord();
    if (header != null) {
      char type = (char) header[TYPE_AT];
      row = EXTENDED.indexOf(type) >= 0 ? row + 1 : 0;
      global += type == 'g' ? 1 : 0;
      if (row > ROW_MAX || global > GLOBAL_MAX) {
        throw new IOException(
            "more extended headers than any tar has: at most %d may be before one entry, and %d that are global"
                .formatted(ROW_MAX, GLOBAL_MAX));
      }
    }
    return header;
  }

  /// Gives so many bytes and fails if it is asked for more.
  private static final class Bounded extends FilterInputStream {
    private long left = Long.MAX_VALUE;

    Bounded(InputStream in) {
      super(in);
    }

    private void take(long count) throws IOException {
      left -= count;
      if (left < 0) {
        throw new IOException(
            "the headers before one entry have more than %d bytes, which is more than any have"
                .formatted(HEADER_BYTES_MAX));
      }
    }

    @Override
    public int read() throws IOException {
      int one = super.read();
      take(one < 0 ? 0 : 1);
      return one;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int count = super.read(bytes, offset, length);
      take(Math.max(0, count));
      return count;
    }

    @Override
    public long skip(long count) throws IOException {
      long skipped = super.skip(count);
      take(skipped);
      return skipped;
    }

    @Override
    public boolean markSupported() {
      return false;
    }
  }
}
