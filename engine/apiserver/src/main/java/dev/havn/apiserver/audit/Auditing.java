// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.audit;

import dev.havn.apiserver.RequestInfo;
import dev.havn.apiserver.admission.Notes;
import dev.havn.apiserver.http.Request;
import java.time.InstantSource;
import java.util.function.Supplier;

/// A policy and where what it keeps goes.
public final class Auditing {
  private final AuditPolicy policy;
  private final AuditSink sink;
  private final InstantSource clock;
  private final Supplier<String> ids;

  /// What is kept of whom.
  ///
  /// @param sink takes what the policy keeps
  public record Settings(AuditPolicy policy, AuditSink sink) {
    /// Keeps nothing.
    public static final Settings NONE = new Settings(AuditPolicy.NOTHING, event -> {});
  }

  /// @param ids UUIDs for requests that bring none
  public Auditing(Settings settings, InstantSource clock, Supplier<String> ids) {
    this.policy = settings.policy();
    this.sink = settings.sink();
    this.clock = clock;
    this.ids = ids;
  }

  /// Closes where events go.
  public void close() {
    sink.close();
  }

  /// Whether nothing is kept of anything.
  public boolean isIdle() {
    return policy.isEmpty();
  }

  /// A request from its first moment.
  ///
  /// @param notes whose annotations become those of the event
  /// @param goesOn whether its answer is a stream without an end of its own
  public AuditedRequest of(Request request, RequestInfo info, Notes notes, boolean goesOn) {
    return new AuditedRequest(
        new AuditedRequest.Surroundings(policy, sink, clock, ids), request, info, notes, goesOn);
  }
}
