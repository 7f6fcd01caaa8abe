// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Asks how far etcd is, once for all who want to know at the same time. Whoever comes while a
/// question is under way waits for the next one: the answer to the first may be older than what he
/// must see.
final class EtcdFreshness {
  private final Supplier<CompletableFuture<Long>> question;
  private @Nullable CompletableFuture<Long> running;
  private @Nullable CompletableFuture<Long> next;

  /// @param question its answer is true at some moment after it was asked
  EtcdFreshness(Supplier<CompletableFuture<Long>> question) {
    this.question = question;
  }

  /// An answer to a question that is asked after now.
  CompletableFuture<Long> ask() {
    CompletableFuture<Long> mine;
    synchronized (this) {
      if (running != null) {
        CompletableFuture<Long> waiting = next;
        if (waiting == null) {
          waiting = new CompletableFuture<>();
          next = waiting;
        }
        return waiting;
      }
      mine = new CompletableFuture<>();
      running = mine;
    }
    begin(mine);
    return mine;
  }

  private void begin(CompletableFuture<Long> round) {
    CompletableFuture<Long> answer;
    try {
      answer = question.get();
    } catch (RuntimeException e) {
      answer = CompletableFuture.failedFuture(e);
    }
    var unused = answer.whenComplete((revision, failure) -> end(round, revision, failure));
  }

  private void end(
      CompletableFuture<Long> round, @Nullable Long revision, @Nullable Throwable failure) {
    @Nullable CompletableFuture<Long> following;
    synchronized (this) {
      following = next;
      running = following;
      next = null;
    }
    if (following != null) {
      begin(following);
    }
    if (revision == null) {
      round.completeExceptionally(failure == null ? new IllegalStateException() : failure);
    } else {
      round.complete(revision);
    }
  }
}
