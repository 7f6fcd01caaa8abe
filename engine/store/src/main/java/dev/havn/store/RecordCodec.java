// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// One write as bytes (`docs/formats/store.md`): length, CRC-32C of what follows, then revision,
/// create revision (0 for a delete), end in milliseconds (0 for never), key length, key, value.
final class RecordCodec {
  /// Length and checksum.
  static final int HEAD_BYTES = 8;

  private static final int FIXED_BYTES = 8 + 8 + 8 + 4;

  /// The longest record taken; an object is at most 3 MiB.
  static final int RECORD_BYTES_MAX = 64 << 20;

  private RecordCodec() {}

  static void encode(Journal.Write write, Sealing sealing, ByteArrayOutputStream out) {
    byte[] key = write.key().getBytes(StandardCharsets.UTF_8);
    @Nullable Entry entry = write.entry();
    byte[] value = entry == null ? new byte[0] : kept(write, entry, sealing);
    int length = FIXED_BYTES + key.length + value.length;
    ByteBuffer record = ByteBuffer.allocate(HEAD_BYTES + length);
    record
        .position(HEAD_BYTES)
        .putLong(write.revision())
        .putLong(entry == null ? 0 : entry.createRevision())
        .putLong(write.expiresMillis())
        .putInt(key.length)
        .put(key)
        .put(value);
    CRC32C checksum = new CRC32C();
    checksum.update(record.array(), HEAD_BYTES, length);
    record.putInt(0, length).putInt(4, (int) checksum.getValue());
    out.writeBytes(record.array());
  }

  private static byte[] kept(Journal.Write write, Entry entry, Sealing sealing) {
    byte @Nullable [] kept = write.kept();
    return kept == null ? entry.seal(sealing) : kept;
  }

  /// The record at the buffer's position, which moves behind it; empty when there is no whole one.
  static Optional<Journal.Write> decode(ByteBuffer in, Sealing sealing) {
    if (in.remaining() < HEAD_BYTES) {
      return Optional.empty();
    }
    int start = in.position();
    int length = in.getInt(start);
    if (length < FIXED_BYTES || length > RECORD_BYTES_MAX || length > in.remaining() - HEAD_BYTES) {
      return Optional.empty();
    }
    ByteBuffer body = in.slice(start + HEAD_BYTES, length);
    CRC32C checksum = new CRC32C();
    checksum.update(body.duplicate());
    if ((int) checksum.getValue() != in.getInt(start + 4)) {
      return Optional.empty();
    }
    long revision = body.getLong();
    long created = body.getLong();
    long expires = body.getLong();
    int keyLength = body.getInt();
    if (keyLength < 0 || keyLength > body.remaining()) {
      return Optional.empty();
    }
    byte[] key = new byte[keyLength];
    body.get(key);
    byte[] value = new byte[body.remaining()];
    body.get(value);
    in.position(start + HEAD_BYTES + length);
    String name = new String(key, StandardCharsets.UTF_8);
    @Nullable Entry entry =
        created == 0 ? null : Entry.kept(name, value, created, revision, sealing);
    return Optional.of(new Journal.Write(revision, name, entry, expires, null));
  }
}
