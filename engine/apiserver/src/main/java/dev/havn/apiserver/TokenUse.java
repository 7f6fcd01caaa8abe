// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.SecretTokens;
import dev.havn.apiserver.http.Handler;
import dev.havn.apiserver.http.Headers;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Labels Secrets with the day on which their token was used last, beside the request that used it.
final class TokenUse implements SecretTokens.Use {
  private static final Logger LOG = LoggerFactory.getLogger(TokenUse.class);

  private final Handler server;
  private final Executor executor;

  TokenUse(Handler server, Executor executor) {
    this.server = server;
    this.executor = executor;
  }

  @Override
  public void on(String namespace, String secret, String uid, String day) {
    ObjectNode patch = JsonNodeFactory.instance.objectNode();
    ObjectNode metadata = patch.putObject("metadata").put("uid", uid);
    metadata.putObject("labels").put(SecretTokens.LAST_USED, day);
    try {
      executor.execute(() -> write(namespace, secret, patch.toString()));
    } catch (RejectedExecutionException closing) {
      LOG.debug("{}/{} is not labelled any more", namespace, secret);
    }
  }

  private void write(String namespace, String secret, String patch) {
    Headers headers = new Headers().set("content-type", "application/merge-patch+json");
    String path = "/api/v1/namespaces/" + namespace + "/secrets/" + secret;
    Internal.Answer answer = Internal.call(server, "PATCH", path, headers, patch);
    if (answer.status() != 200) {
      LOG.warn("{}/{} cannot be labelled as used: {}", namespace, secret, answer.body());
    }
  }
}
