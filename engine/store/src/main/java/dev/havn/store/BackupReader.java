// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/// Reads a backup part by part.
final class BackupReader {
  private final Path file;
  private final BackupDigest digest = new BackupDigest();
  private long at;

  private String manifest = "";
  private final Map<String, byte[]> files = new LinkedHashMap<>();
  private final List<Journal.Write> entries = new ArrayList<>();

  BackupReader(Path file) {
    this.file = file;
  }

  Backup read() throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      requireHeader(in);
      while (true) {
        long start = at;
        byte[] head = exactly(in, Backup.HEAD_BYTES);
        int length = ByteBuffer.wrap(head).getInt();
        if (length < 1 || length > Backup.PART_BYTES_MAX) {
          throw damaged(start);
        }
        byte[] part = exactly(in, length);
        CRC32C checksum = new CRC32C();
        checksum.update(part);
        if ((int) checksum.getValue() != ByteBuffer.wrap(head).getInt(4)) {
          throw damaged(start);
        }
        if (part[0] == Backup.Part.END.ordinal()) {
          long revision = end(ByteBuffer.wrap(part, 1, length - 1), start);
          if (in.read() >= 0) {
            throw damaged(at);
          }
          return new Backup(manifest, files, new Contents(entries, revision));
        }
        digest.add(head);
        digest.add(part);
        take(ByteBuffer.wrap(part), start);
      }
    }
  }

  private void requireHeader(InputStream in) throws IOException {
    byte[] header = in.readNBytes(Backup.HEADER_BYTES);
    at = header.length;
    boolean ours =
        header.length == Backup.HEADER_BYTES
            && Arrays.equals(header, 0, Backup.MAGIC.length, Backup.MAGIC, 0, Backup.MAGIC.length);
    if (!ours) {
      throw new StoreException(file + " is no backup of Havn", null);
    }
    if (header[Backup.MAGIC.length] != Backup.VERSION) {
      throw new StoreException(
          "%s has format version %d, this Havn reads version %d: use the Havn that wrote it"
              .formatted(file, header[Backup.MAGIC.length], Backup.VERSION),
          null);
    }
    digest.add(header);
  }

  private byte[] exactly(InputStream in, int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    at += bytes.length;
    if (bytes.length < length) {
      throw new StoreException(
          "%s is cut off after %d bytes: restore from another backup".formatted(file, at),
          new EOFException());
    }
    return bytes;
  }

  private void take(ByteBuffer part, long start) {
    int kind = part.get();
    if (kind == Backup.Part.MANIFEST.ordinal()) {
      manifest = StandardCharsets.UTF_8.decode(part).toString();
    } else if (kind == Backup.Part.FILE.ordinal() && part.remaining() >= 2) {
      int length = part.getShort();
      if (length < 0 || length > part.remaining()) {
        throw damaged(start);
      }
      byte[] name = new byte[length];
      part.get(name);
      byte[] content = new byte[part.remaining()];
      part.get(content);
      files.put(new String(name, StandardCharsets.UTF_8), content);
    } else if (kind == Backup.Part.ENTRY.ordinal()) {
      Optional<Journal.Write> write = RecordCodec.decode(part.slice(), Sealing.NONE);
      entries.add(write.filter(each -> each.entry() != null).orElseThrow(() -> damaged(start)));
    } else {
      throw damaged(start);
    }
  }

  private long end(ByteBuffer part, long start) {
    if (part.remaining() != 8 + Backup.DIGEST_BYTES) {
      throw damaged(start);
    }
    long revision = part.getLong();
    byte[] expected = new byte[Backup.DIGEST_BYTES];
    part.get(expected);
    if (!Arrays.equals(expected, digest.value())) {
      throw damaged(start);
    }
    return revision;
  }

  private StoreException damaged(long position) {
    return new StoreException(
        "%s is damaged at byte %d: restore from another backup".formatted(file, position), null);
  }
}
