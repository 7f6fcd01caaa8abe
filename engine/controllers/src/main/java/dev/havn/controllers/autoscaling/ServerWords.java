// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import dev.havn.reconcile.Api;

/// What a refusal is called in conditions: the server's own message, or, where its answer was no
/// `Status`, the words of Kubernetes' client for the code.
final class ServerWords {
  private ServerWords() {}

  /// @param asked such as `get pods.metrics.k8s.io`
  static String of(Api.RefusedException refusal, String asked) {
    if (!refusal.reason().isEmpty()) {
      return String.valueOf(refusal.getMessage());
    }
    String words =
        switch (refusal.code()) {
          case 401 -> "the server has asked for the client to provide credentials";
          case 403 -> "the server does not allow access to the requested resource";
          case 404 -> "the server could not find the requested resource";
          case 405 -> "the server does not allow this method on the requested resource";
          case 429 ->
              "the server has received too many requests and has asked us to try again later";
          case 503 -> "the server is currently unable to handle the request";
          case 504 ->
              "the server was unable to return a response in the time allotted, but may still be"
                  + " processing the request";
          default ->
              refusal.code() >= 500
                  ? "an error on the server (\""
                      + refusal.getMessage()
                      + "\") has prevented the"
                      + " request from succeeding"
                  : "the server responded with the status code %d but did not return more information"
                      .formatted(refusal.code());
        };
    return words + " (" + asked + ")";
  }
}
