// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.encryption;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;

/// The few messages of a key service (`k8s.io/kms/apis/v2`) and of what is stored, as protobuf.
final class KeyServiceMessages {
  /// In `EncryptedObject`: the seed from which keys are derived.
  private static final int HKDF_SEED = 1;

  private KeyServiceMessages() {}

  /// What a service made of a seed.
  ///
  /// @param keyId the service's key
  /// @param annotations of the service's own, given back to it
  record Encrypted(ByteString ciphertext, String keyId, Map<String, ByteString> annotations) {}

  /// What is stored of an object.
  record Stored(byte[] data, Encrypted encrypted) {}

  /// Writes fields.
  private interface Fields {
    void writeTo(CodedOutputStream out) throws IOException;
  }

  private static byte[] message(Fields fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    try {
      fields.writeTo(out);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  static byte[] encryptRequest(byte[] seed, String uid) {
    return message(
        out -> {
          out.writeByteArray(1, seed);
          out.writeString(2, uid);
        });
  }

  static byte[] decryptRequest(Encrypted encrypted, String uid) {
    return message(
        out -> {
          out.writeBytes(1, encrypted.ciphertext());
          out.writeString(2, uid);
          out.writeString(3, encrypted.keyId());
          annotations(out, 4, encrypted.annotations());
        });
  }

  static byte[] stored(byte[] data, Encrypted encrypted) {
    return message(
        out -> {
          out.writeByteArray(1, data);
          out.writeString(2, encrypted.keyId());
          out.writeBytes(3, encrypted.ciphertext());
          annotations(out, 4, encrypted.annotations());
          out.writeEnum(5, HKDF_SEED);
        });
  }

  private static void annotations(
      CodedOutputStream out, int field, Map<String, ByteString> annotations) throws IOException {
    for (Map.Entry<String, ByteString> each : annotations.entrySet()) {
      out.writeByteArray(
          field,
          message(
              entry -> {
                entry.writeString(1, each.getKey());
                entry.writeBytes(2, each.getValue());
              }));
    }
  }

  /// Values of a message's fields.
  private static final class Read {
    private final Map<Integer, ByteString> bytes = new TreeMap<>();
    private final Map<Integer, Integer> numbers = new TreeMap<>();
    private final Map<String, ByteString> annotations = new TreeMap<>();

    Read(byte[] message, int annotationsField) throws IOException {
      CodedInputStream in = CodedInputStream.newInstance(message);
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        int field = WireFormat.getTagFieldNumber(tag);
        if (WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_VARINT) {
          numbers.put(field, in.readRawVarint32());
        } else if (WireFormat.getTagWireType(tag) != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
          in.skipField(tag);
        } else if (field == annotationsField) {
          Read entry = new Read(in.readByteArray(), 0);
          annotations.put(entry.text(1), entry.bytes(2));
        } else {
          bytes.put(field, in.readBytes());
        }
      }
    }

    ByteString bytes(int field) {
      return bytes.getOrDefault(field, ByteString.EMPTY);
    }

    String text(int field) {
      return bytes(field).toStringUtf8();
    }
  }

  static Encrypted encryptResponse(byte[] message) throws IOException {
    Read read = new Read(message, 3);
    return new Encrypted(read.bytes(1), read.text(2), read.annotations);
  }

  static byte[] decryptResponse(byte[] message) throws IOException {
    return new Read(message, 0).bytes(1).toByteArray();
  }

  /// The state of a service.
  record Status(String version, String health, String keyId) {}

  static Status status(byte[] message) throws IOException {
    Read read = new Read(message, 0);
    return new Status(read.text(1), read.text(2), read.text(3));
  }

  /// @throws IOException when it is no such message, or of a kind that is not known here
  static Stored stored(byte[] message) throws IOException {
    Read read = new Read(message, 4);
    if (read.numbers.getOrDefault(5, 0) != HKDF_SEED) {
      throw new IOException("a seed of another kind");
    }
    return new Stored(
        read.bytes(1).toByteArray(), new Encrypted(read.bytes(3), read.text(2), read.annotations));
  }
}
