// SPDX-License-Identifier: Apache-2.0
package dev.havn.server.loopback;

import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Handler;
import io.fabric8.kubernetes.client.http.HttpClient;
import java.util.concurrent.Executor;

/// Makes transports that call `handler` as `identity`. A call runs on the caller's thread and is
/// done when it returns; what a stream carries is delivered on `executor`.
///
/// @param identity whom the API server takes the caller for
public record LoopbackFactory(Handler handler, Credential.Loopback identity, Executor executor)
    implements HttpClient.Factory {
  @Override
  public HttpClient.Builder newBuilder() {
    return new LoopbackClient.Builder(this);
  }
}
