// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.http.HttpsDoor;
import dev.havn.ingress.rules.TlsSecret;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The files of a certificate that a port shows and of its key, in PEM.
///
/// @param certificate with those of its issuers behind it, as far as clients do not know them
record ServingFiles(Path certificate, Path key) {
  private static final String CERTIFICATE = "--tls-cert-file";
  private static final String KEY = "--tls-private-key-file";
  private static final int BYTES_MAX = 256 << 10;

  /// @return null for none
  /// @throws StartException when only one of them is named
  static @Nullable ServingFiles of(@Nullable Path certificate, @Nullable Path key) {
    if (certificate != null && key != null) {
      return new ServingFiles(certificate, key);
    }
    if (certificate != null || key != null) {
      throw new StartException(
          "%s is missing: %s and %s go together"
              .formatted(certificate == null ? CERTIFICATE : KEY, CERTIFICATE, KEY));
    }
    return null;
  }

  /// What stands in them now.
  ///
  /// @throws StartException in words that name the file
  Contents contents() {
    return new Contents(
        new TlsSecret.Text(CERTIFICATE + " " + certificate, text(CERTIFICATE, certificate)),
        new TlsSecret.Text(KEY + " " + key, text(KEY, key)));
  }

  private static String text(String option, Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(BYTES_MAX + 1);
      if (bytes.length > BYTES_MAX) {
        throw new StartException(
            "%s %s is longer than %d KiB".formatted(option, file, BYTES_MAX >> 10));
      }
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      throw new StartException(option + " " + file + ": there is no such file", e);
    } catch (IOException e) {
      throw new StartException(option + " " + file + " cannot be read: " + e, e);
    }
  }

  /// Both files as they were at some time.
  record Contents(TlsSecret.Text certificate, TlsSecret.Text key) {
    /// @param authorities named to clients as those whose certificates are known here
    /// @throws StartException when they are no certificate and its key
    HttpsDoor.Identity identity(List<X509Certificate> authorities) {
      try {
        var read = TlsSecret.read(certificate, key);
        return new HttpsDoor.Identity(read.key(), read.chain(), authorities);
      } catch (TlsSecret.UnusableException e) {
        throw new StartException(String.valueOf(e.getMessage()), e);
      }
    }
  }
}
