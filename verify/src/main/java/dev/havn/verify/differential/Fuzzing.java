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
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// Sends raw requests through the https door of an API server in this process, as an administrator,
/// and notes what must not be: errors of the server, answers that do not come, memory that stays.
final class Fuzzing implements AutoCloseable {
  static final int ANSWER_WITHIN_MILLIS = 20_000;

  /// The requests delete what is taken to be there.
  static final int SETUP_EVERY = 2_000;

  private static final int WORKERS = 4;
  private static final int SESSIONS_MAX = 16;
  private static final int PROBLEMS_MAX = 2_000;

  private final InProcess havn = InProcess.start();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final ServerErrors known = ServerErrors.load();
  private final Path folder = Files.createTempDirectory("fuzzing");
  private final HttpsDoor door;
  private final SocketFactory sockets;
  private final RawRequests requests;
  private final RawAnswer.Reader reader;

  Fuzzing(BuiltinTypes types) throws IOException, GeneralSecurityException {
    this.requests = new RawRequests(types);
    this.reader = new RawAnswer.Reader(types);
    SecureRandom random = new SecureRandom();
    Authority authority = Authority.open(folder, InstantSource.system(), random);
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
    // what the client remembers of connections that are no more is no memory of the server
    tls.getClientSessionContext().setSessionCacheSize(SESSIONS_MAX);
    this.sockets = tls.getSocketFactory();
  }

  /// A request whose answer must not be.
  record Problem(RawRequest request, RawAnswer answer) {
    @Override
    public String toString() {
      return answer + "\n  " + request;
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

  private record Sent(Map<Integer, Long> statuses, List<Problem> problems) {
    boolean isEnough() {
      return problems.size() >= PROBLEMS_MAX;
    }
  }

  /// Sends the requests `from` to `from + count - 1`, as many as the time allows.
  Findings run(long from, long count, Duration within) {
    long ends = System.nanoTime() + within.toNanos();
    Sent sent =
        new Sent(
            Collections.synchronizedMap(new TreeMap<>()),
            Collections.synchronizedList(new ArrayList<>()));
    long warm = Math.max(1, count / 10);
    setUp();
    long first = send(from, from + warm, ends, sent);
    long before = heapBytes();
    long second = send(from + warm, from + count, ends, sent);
    return new Findings(first + second, sent.statuses(), sent.problems(), before, heapBytes());
  }

  private long send(long from, long end, long ends, Sent sent) {
    AtomicLong next = new AtomicLong(from);
    AtomicLong count = new AtomicLong();
    try (ExecutorService workers = Executors.newFixedThreadPool(WORKERS)) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < WORKERS; i++) {
        running.add(
            workers.submit(
                () -> {
                  try (RawConnection connection = connection()) {
                    long number = next.getAndIncrement();
                    while (number < end && System.nanoTime() < ends && !sent.isEnough()) {
                      if (number % SETUP_EVERY == 0) {
                        setUp();
                      }
                      RawRequest request = requests.request(number);
                      note(request, ask(connection, request, reader), sent);
                      count.incrementAndGet();
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
    return count.get();
  }

  /// What is taken to be there, as a client would make it.
  void setUp() {
    requests.kinds().setup().forEach(havn::send);
  }

  /// For one thread.
  RawConnection connection() {
    return new RawConnection(sockets, door.port(), ANSWER_WITHIN_MILLIS);
  }

  RawRequests requests() {
    return requests;
  }

  static RawAnswer ask(RawConnection connection, RawRequest request, RawAnswer.Reader reader)
      throws IOException {
    try {
      return reader.read(connection.send(request));
    } catch (SocketTimeoutException e) {
      connection.close();
      return new RawAnswer(-1, "", "no answer in time");
    }
  }

  private void note(RawRequest request, RawAnswer answer, Sent sent) {
    sent.statuses().merge(answer.status(), 1L, Long::sum);
    boolean isMeant = request.framing().explains(answer) || known.explain(request, answer);
    if (answer.isFailure() && !isMeant) {
      sent.problems().add(new Problem(request, answer));
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
    TemporaryFolder.delete(folder);
  }
}
