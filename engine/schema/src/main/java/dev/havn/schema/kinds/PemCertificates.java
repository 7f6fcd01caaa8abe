// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import java.util.Optional;

/// Certificates in PEM (RFC 7468) as a signer hands them in: what does not look like a block is
/// passed over, each byte is looked at once.
final class PemCertificates {
  private static final String BEGIN = "-----BEGIN ";
  private static final String END = "-----END ";
  private static final String DASHES = "-----";

  private PemCertificates() {}

  /// What keeps a text from being certificates; empty when nothing does.
  ///
  /// @param base64 of the PEM
  static String problem(String base64) {
    Optional<byte[]> pem = decode(base64);
    int found = 0;
    if (pem.isPresent()) {
      Blocks blocks = new Blocks(new String(pem.get(), StandardCharsets.ISO_8859_1));
      for (Optional<Block> block = blocks.next(); block.isPresent(); block = blocks.next()) {
        String problem = problem(block.get());
        if (!problem.isEmpty()) {
          return problem;
        }
        found++;
      }
    }
    return found == 0 ? "must contain at least one CERTIFICATE PEM block" : "";
  }

  private static String problem(Block block) {
    if (block.hasHeaders()) {
      return "no PEM block headers are permitted";
    } else if (!block.type().equals("CERTIFICATE")) {
      return "only CERTIFICATE PEM blocks are allowed, found \"" + block.type() + '"';
    }
    try {
      CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(block.bytes()));
      return "";
    } catch (CertificateException e) {
      return "x509: malformed certificate";
    }
  }

  /// Empty for what is not written to the base of 64, line breaks and blanks apart.
  private static Optional<byte[]> decode(String text) {
    try {
      return Optional.of(Base64.getDecoder().decode(text.replaceAll("\\s", "")));
    } catch (IllegalArgumentException notEncoded) {
      return Optional.empty();
    }
  }

  private record Block(String type, boolean hasHeaders, byte[] bytes) {}

  /// The blocks of a text, one after the other.
  private static final class Blocks {
    private final String pem;
    private int at;

    /// The next end of any block, from [#at] on; negative when there is none.
    private int end;

    Blocks(String pem) {
      this.pem = pem;
    }

    Optional<Block> next() {
      for (int begin = pem.indexOf(BEGIN, at); begin >= 0; begin = pem.indexOf(BEGIN, at)) {
        Optional<Block> block = block(begin);
        if (end < 0 || block.isPresent()) {
          return block;
        }
      }
      return Optional.empty();
    }

    /// The block that begins here; goes on behind it, or behind its first line when it is none.
    private Optional<Block> block(int begin) {
      int line = pem.indexOf('\n', begin);
      if (line < 0) {
        end = -1;
        return Optional.empty();
      }
      at = line + 1;
      if (end < at) {
        end = pem.indexOf(END, at);
      }
      String first = pem.substring(begin + BEGIN.length(), line).strip();
      boolean whole = (begin == 0 || pem.charAt(begin - 1) == '\n') && first.endsWith(DASHES);
      if (end < 0 || !whole) {
        return Optional.empty();
      }
      String type = first.substring(0, first.length() - DASHES.length());
      if (!pem.startsWith(type + DASHES, end + END.length())) {
        return Optional.empty();
      }
      String body = pem.substring(at, end);
      boolean headers = body.contains(":");
      int headersEnd = headers ? Math.max(0, body.indexOf("\n\n")) : 0;
      Optional<byte[]> bytes = decode(body.substring(headersEnd));
      if (bytes.isPresent()) {
        at = end + END.length();
      }
      return bytes.map(decoded -> new Block(type, headers, decoded));
    }
  }
}
