// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/// How long `./havn up` takes, from exec to exit, and how soon something answers and runs.
record Start(HavnTarget havn, Optional<Path> apiload) {
  private static final int TIMES = 10;
  private static final int ANSWERS_WITHIN_MS = 60_000;
  private static final int ASK_EVERY_MS = 2;

  List<Figure> run() throws IOException {
    List<Figure> figures = new ArrayList<>();
    int port = freePort();
    long begin = System.nanoTime();
    Thread watch = Thread.ofVirtual().start(() -> awaitAnswer(port, begin, figures));
    havn.up(port);
    figures.add(figure("first start in an empty directory, to Ready", since(begin)));
    join(watch);
    if (apiload.isPresent()) {
      figures.add(figure("the same, to the first Ready pod", since(begin) + pod(apiload.get())));
    }
    List<Double> times = new ArrayList<>();
    for (int i = 0; i < TIMES; i++) {
      havn.stop();
      long again = System.nanoTime();
      havn.up(port);
      times.add(since(again));
    }
    times.sort(Double::compare);
    figures.add(figure("`./havn up` to Ready, median of " + TIMES, times.get(TIMES / 2)));
    return figures;
  }

  private static Figure figure(String name, double milliseconds) {
    return Figure.of(name, "ms", "Havn", milliseconds);
  }

  private static double since(long begin) {
    return (System.nanoTime() - begin) / 1e6;
  }

  /// The time one pod needs from its creation until it is Ready.
  private double pod(Path program) {
    List<String> command =
        List.of(
            program.toString(), "start", "-n", "1", "-kubeconfig", havn.kubeconfig().toString());
    try {
      return new ObjectMapper()
          .readTree(Program.run(Map.of(), command))
          .path("total_ms")
          .asDouble();
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("apiload's answer", e);
    }
  }

  /// Asks until there is an answer; who answers is not checked, its authority is not yet known.
  private static void awaitAnswer(int port, long begin, List<Figure> figures) {
    URI live = URI.create("https://127.0.0.1:" + port + "/livez");
    try (HttpClient client = HttpClient.newBuilder().sslContext(trusting()).build()) {
      while (since(begin) < ANSWERS_WITHIN_MS) {
        try {
          HttpRequest request = HttpRequest.newBuilder(live).build();
          if (client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
            figures.add(figure("the same, to the first answer over https", since(begin)));
            return;
          }
        } catch (IOException refused) {
          Thread.sleep(ASK_EVERY_MS);
        }
      }
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("TLS", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static SSLContext trusting() throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    TrustManager[] all = InsecureTrustManagerFactory.INSTANCE.getTrustManagers();
    context.init(null, all, new SecureRandom());
    return context;
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
