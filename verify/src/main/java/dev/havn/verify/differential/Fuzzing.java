// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.http.DoorLimits;
import dev.havn.apiserver.http.Handler;
import dev.havn.apiserver.http.HttpsDoor;
import dev.havn.schema.BuiltinTypes;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// Sends raw requests through the https door of an API server in this process, as an administrator,
/// and notes what must not be: errors of the server, answers that do not come, memory that stays.
final class Fuzzing implements AutoCloseable {
  private static final int WORKERS = 4;
  private static final int ANSWER_WITHIN_MILLIS = 20_000;
  private static final int PROBLEMS_MAX = 2_000;

  private final InProcess havn = InProcess.start();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpsDoor door;
  private final SocketFactory sockets;
  private final RawRequests requests;

  Fuzzing(BuiltinTypes types) throws IOException, GeneralSecurityException {
    this.requests = new RawRequests(types);
    SecureRandom random = new SecureRandom();
    Authority authority =
        Authority.open(Files.createTempDirectory("fuzzing"), InstantSource.system(), random);
    Authority.Identity identity = authority.server(List.of("localhost"), List.of("127.0.0.1"));
    Handler handler = havn.asAdministrator();
    this.door =
        HttpsDoor.open(
            "127.0.0.1",
            0,
            new HttpsDoor.Identity(
                identity.keys().getPrivate(), List.of(identity.certificate()), List.of()),
            handler,
            new HttpsDoor.Surroundings(threads, random, DoorLimits.standard()));
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    trusted.setCertificateEntry("authority", authority.certificate());
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(null, trust.getTrustManagers(), random);
    this.sockets = tls.getSocketFactory();
  }

  /// A request whose answer must not be.
  ///
  /// @param status of the server's error; 0 when it hung up, -1 when no answer came in time
  record Problem(RawRequest request, int status, String text) {
    /// Whether it is none of the errors that the server means to give.
    boolean isUnforeseen() {
      return status <= 0 || text.contains("InternalError");
    }

    @Override
    public String toString() {
      return status + " " + text.strip() + "\n  " + request;
    }
  }

  /// What a run has found.
  ///
  /// @param statuses how often each status was answered
  /// @param heapBytesBefore after a collection, when a tenth of the requests was sent
  /// @param heapBytesAfter after a collection, in the end
  record Findings(
      long sent,
      Map<Integer, Long> statuses,
      List<Problem> problems,
      long heapBytesBefore,
      long heapBytesAfter) {
    long growthBytes() {
      return heapBytesAfter - heapBytesBefore;
    }
  }

  /// Sends the requests `from` to `from + count - 1`, as many as the time allows.
  Findings run(long from, long count, Duration within) {
    long ends = System.nanoTime() + within.toNanos();
    Map<Integer, Long> statuses = new TreeMap<>();
    List<Problem> problems = new ArrayList<>();
    long warm = Math.max(1, count / 10);
    long first = send(from, from + warm, ends, statuses, problems);
    long before = heapBytes();
    long second = send(from + warm, from + count, ends, statuses, problems);
    return new Findings(first + second, statuses, problems, before, heapBytes());
  }

  private long send(
      long from, long end, long ends, Map<Integer, Long> statuses, List<Problem> problems) {
    AtomicLong next = new AtomicLong(from);
    AtomicLong sent = new AtomicLong();
    AtomicBoolean stopped = new AtomicBoolean();
    try (ExecutorService workers = Executors.newFixedThreadPool(WORKERS)) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < WORKERS; i++) {
        running.add(
            workers.submit(
                () -> {
                  try (RawConnection connection =
                      new RawConnection(sockets, door.port(), ANSWER_WITHIN_MILLIS)) {
                    long number = next.getAndIncrement();
                    while (number < end && System.nanoTime() < ends && !stopped.get()) {
                      note(ask(connection, requests.request(number)), statuses, problems, stopped);
                      sent.incrementAndGet();
                      number = next.getAndIncrement();
                    }
                  }
                  return null;
                }));
      }
      for (Future<?> each : running) {
        each.get();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("a worker failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while requests are sent", e);
    }
    return sent.get();
  }

  /// The problems that a real Kubernetes does not have with the same request.
  static List<Problem> unlike(List<Problem> problems, Path kubeconfig) throws IOException {
    Endpoint.Reached real = Endpoint.reach(kubeconfig);
    List<Problem> unlike = new ArrayList<>();
    try (RawConnection connection =
        new RawConnection(real.tls().getSocketFactory(), real.port(), ANSWER_WITHIN_MILLIS)) {
      for (Problem each : problems) {
        int status = ask(connection, each.request()).status();
        if (each.status() < 0 || status > 0 && status < 500) {
          unlike.add(each);
        }
      }
    }
    return unlike;
  }

  private static Problem ask(RawConnection connection, RawRequest request) throws IOException {
    try {
      RawConnection.Answer answer = connection.send(request);
      return new Problem(request, answer.status(), answer.text());
    } catch (SocketTimeoutException e) {
      connection.close();
      return new Problem(request, -1, "no answer in time");
    }
  }

  private static void note(
      Problem answer, Map<Integer, Long> statuses, List<Problem> problems, AtomicBoolean stopped) {
    synchronized (statuses) {
      statuses.merge(answer.status(), 1L, Long::sum);
      if (answer.status() >= 500 || answer.status() <= 0) {
        problems.add(answer);
        stopped.set(problems.size() >= PROBLEMS_MAX);
      }
    }
  }

  private static long heapBytes() {
    Runtime runtime = Runtime.getRuntime();
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return runtime.totalMemory() - runtime.freeMemory();
  }

  @Override
  public void close() {
    door.close();
    threads.shutdownNow();
    havn.close();
  }
}
