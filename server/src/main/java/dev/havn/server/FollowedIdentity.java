// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.http.HttpsDoor;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Who a port is, by files that are looked at again every minute: whoever renews them need not
/// start anything anew. What is of no use, such as a certificate whose key is yet to be written,
/// changes nothing. Ends with the executor, on which it runs.
final class FollowedIdentity {
  private static final Logger LOG = LoggerFactory.getLogger(FollowedIdentity.class);
  private static final Duration LOOK_EVERY = Duration.ofMinutes(1);

  private final ServingFiles files;
  private final List<X509Certificate> authorities;
  private final ScheduledExecutorService executor;
  private ServingFiles.Contents seen;
  private @Nullable String problem;

  /// A port that can be somebody else.
  @FunctionalInterface
  interface Port {
    void show(HttpsDoor.Identity identity) throws IOException;
  }

  /// @param authorities named to clients as those whose certificates are known here
  /// @throws StartException when the files are of no use
  FollowedIdentity(
      ServingFiles files, List<X509Certificate> authorities, ScheduledExecutorService executor) {
    this.files = files;
    this.authorities = authorities;
    this.executor = executor;
    this.seen = files.contents();
  }

  /// Who the port is to be at first.
  ///
  /// @throws StartException when the files hold no certificate and its key
  HttpsDoor.Identity first() {
    return seen.identity(authorities);
  }

  /// Shows at a port what the files hold from now on.
  void keep(Port port) {
    try {
      var unused =
          executor.schedule(() -> look(port), LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("{} is looked at no more, the executor is closed", files.certificate());
    }
  }

  private void look(Port port) {
    try {
      ServingFiles.Contents now = files.contents();
      if (!now.equals(seen)) {
        port.show(now.identity(authorities));
        seen = now;
        LOG.info("the certificate of {} is shown", files.certificate());
      }
      problem = null;
    } catch (IOException | StartException e) {
      String message = String.valueOf(e.getMessage());
      if (!message.equals(problem)) {
        LOG.warn("the port's certificate stays as it is: {}", message);
        problem = message;
      }
    }
    keep(port);
  }
}
