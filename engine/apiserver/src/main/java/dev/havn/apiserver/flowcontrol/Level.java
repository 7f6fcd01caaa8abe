// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.flowcontrol;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;

/// A priority level at work. While it has free seats a request costs one compare-and-set; only when
/// they are all taken, requests wait in queues. The queues have their turns one after another, so a
/// flow that sends much waits for itself; a flow is dealt a hand of queues by its hash and waits in
/// the shortest of them, so that few flows can meet in all of theirs (shuffle sharding).
///
/// For many threads; whoever waits, waits on its own.
final class Level {
  private final Plan plan;
  private final Duration patience;
  private final BooleanSupplier mayBorrow;
  private final AtomicInteger executing = new AtomicInteger();
  private final AtomicInteger waiting = new AtomicInteger();
  private final LongAdder dispatched = new LongAdder();
  private final LongAdder rejected = new LongAdder();
  private final LongAdder timedOut = new LongAdder();
  private final List<Deque<CompletableFuture<Void>>> queues = new ArrayList<>();
  private int turn;

  /// What a PriorityLevelConfiguration says, in seats.
  ///
  /// @param exempt whether its requests are never held up
  /// @param nominal its own seats
  /// @param lendable of these, what others may use
  /// @param most it may have with what it borrows
  /// @param queues 0 when requests beyond are refused at once
  record Plan(
      String name,
      String uid,
      boolean exempt,
      int nominal,
      int lendable,
      int most,
      int queues,
      int handSize,
      int queueLength) {
    static Plan of(ObjectNode configuration, int total, long sharesOfAll) {
      JsonNode spec = configuration.path("spec");
      boolean exempt = spec.path("type").asText().equals("Exempt");
      JsonNode part = spec.path(exempt ? "exempt" : "limited");
      int shares = shares(configuration);
      int nominal = sharesOfAll == 0 ? 0 : (int) Math.ceilDiv((long) total * shares, sharesOfAll);
      int lendable = Math.round(nominal * part.path("lendablePercent").asInt(0) / 100f);
      JsonNode borrowing = part.path("borrowingLimitPercent");
      int most =
          borrowing.isNumber() ? nominal + Math.round(nominal * borrowing.asInt() / 100f) : total;
      JsonNode response = part.path("limitResponse");
      JsonNode queuing = response.path("queuing");
      boolean queues = response.path("type").asText().equals("Queue");
      return new Plan(
          configuration.path("metadata").path("name").asText(),
          configuration.path("metadata").path("uid").asText(),
          exempt,
          nominal,
          lendable,
          Math.max(most, nominal),
          queues ? queuing.path("queues").asInt(64) : 0,
          queuing.path("handSize").asInt(8),
          queuing.path("queueLengthLimit").asInt(50));
    }

    static int shares(ObjectNode configuration) {
      JsonNode spec = configuration.path("spec");
      boolean exempt = spec.path("type").asText().equals("Exempt");
      return spec.path(exempt ? "exempt" : "limited")
          .path("nominalConcurrencyShares")
          .asInt(exempt ? 0 : 30);
    }
  }

  /// A request that finds no seat here; the message is the reason.
  static final class NoSeatException extends RuntimeException {
    NoSeatException(String reason) {
      super(reason, null, false, false);
    }
  }

  /// @param patience how long a request waits at most
  /// @param mayBorrow whether another level can do without a seat now
  Level(Plan plan, Duration patience, BooleanSupplier mayBorrow) {
    this.plan = plan;
    this.patience = patience;
    this.mayBorrow = mayBorrow;
    for (int i = 0; i < plan.queues(); i++) {
      queues.add(new ArrayDeque<>());
    }
  }

  Plan plan() {
    return plan;
  }

  int executing() {
    return executing.get();
  }

  int waiting() {
    return waiting.get();
  }

  long dispatched() {
    return dispatched.sum();
  }

  long rejected() {
    return rejected.sum();
  }

  synchronized long activeQueues() {
    return queues.stream().filter(each -> !each.isEmpty()).count();
  }

  long timedOut() {
    return timedOut.sum();
  }

  /// Seats of its own that nobody sits on and that it lends.
  int idle() {
    return Math.clamp(plan.nominal() - executing.get(), 0, plan.lendable());
  }

  /// Seats of others on which its requests sit.
  int borrowed() {
    return plan.exempt() ? 0 : Math.max(0, executing.get() - Math.max(1, plan.nominal()));
  }

  /// Takes a seat, now or when it is this flow's turn.
  ///
  /// @param flow hash by which its queues are chosen
  /// @throws NoSeatException when there is no place to wait, or the turn did not come in time
  void enter(long flow) {
    if (plan.exempt()) {
      executing.incrementAndGet();
    } else if (waiting.get() > 0 || !take()) {
      await(flow);
    }
    dispatched.increment();
  }

  void leave() {
    executing.decrementAndGet();
    if (waiting.get() > 0) {
      dispatch();
    }
  }

  /// A level without seats still handles one request at a time.
  private boolean take() {
    while (true) {
      int now = executing.get();
      boolean own = now < plan.nominal() || now == 0;
      if (!own && !(now < plan.most() && mayBorrow.getAsBoolean())) {
        return false;
      }
      if (executing.compareAndSet(now, now + 1)) {
        return true;
      }
    }
  }

  private void await(long flow) {
    CompletableFuture<Void> ticket = new CompletableFuture<>();
    Deque<CompletableFuture<Void>> queue = enqueue(flow, ticket);
    dispatch();
    try {
      ticket.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      giveUp(queue, ticket, "time-out");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      giveUp(queue, ticket, "cancelled");
    } catch (ExecutionException e) {
      throw new AssertionError("a ticket never fails", e);
    }
  }

  private synchronized Deque<CompletableFuture<Void>> enqueue(
      long flow, CompletableFuture<Void> ticket) {
    if (queues.isEmpty()) {
      rejected.increment();
      throw new NoSeatException("concurrency-limit");
    }
    Deque<CompletableFuture<Void>> shortest = queues.getFirst();
    int least = Integer.MAX_VALUE;
    for (int each : hand(flow, queues.size(), plan.handSize())) {
      if (queues.get(each).size() < least) {
        shortest = queues.get(each);
        least = shortest.size();
      }
    }
    if (least >= plan.queueLength()) {
      rejected.increment();
      throw new NoSeatException("queue-full");
    }
    shortest.addLast(ticket);
    waiting.incrementAndGet();
    return shortest;
  }

  /// Deals a hand of different cards of a deck, decided by the hash alone: the same flow always
  /// gets the same.
  static int[] hand(long hash, int deck, int size) {
    int[] hand = new int[Math.min(size, deck)];
    long left = hash & Long.MAX_VALUE;
    for (int i = 0; i < hand.length; i++) {
      int card = (int) (left % (deck - i));
      left /= deck - i;
      // Card number `card` of those not dealt yet.
      int[] dealt = Arrays.copyOf(hand, i);
      Arrays.sort(dealt);
      for (int each : dealt) {
        card += each <= card ? 1 : 0;
      }
      hand[i] = card;
    }
    return hand;
  }

  private synchronized void giveUp(
      Deque<CompletableFuture<Void>> queue, CompletableFuture<Void> ticket, String reason) {
    if (ticket.isDone()) {
      return;
    }
    queue.remove(ticket);
    waiting.decrementAndGet();
    rejected.increment();
    timedOut.increment();
    throw new NoSeatException(reason);
  }

  /// Gives free seats to the queues, each in its turn.
  private synchronized void dispatch() {
    while (waiting.get() > 0 && take()) {
      Deque<CompletableFuture<Void>> next = queues.get(turn);
      while (next.isEmpty()) {
        turn = (turn + 1) % queues.size();
        next = queues.get(turn);
      }
      turn = (turn + 1) % queues.size();
      waiting.decrementAndGet();
      next.removeFirst().complete(null);
    }
  }
}
