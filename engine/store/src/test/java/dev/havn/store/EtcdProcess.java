// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.io.File;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/// An etcd of one member on free ports of the loopback address, for tests: Debian's package
/// `etcd-server` has the program. Where there is none the test is skipped, and says so.
public final class EtcdProcess implements AutoCloseable {
  private static final int LOOKS_MAX = 3_000;
  private static final long LOOK_EVERY_MILLIS = 10;

  private final Path program;
  private final Path folder;
  private final List<String> options;
  private final String scheme;
  private final int clientPort;
  private final int peerPort;
  private Process process;

  private EtcdProcess(Path program, Path folder, String scheme, List<String> options)
      throws IOException {
    this.program = program;
    this.folder = folder;
    this.scheme = scheme;
    this.options = options;
    this.clientPort = FreePort.find();
    this.peerPort = FreePort.find();
  }

  /// Starts one whose data are in `folder`, or skips the test.
  public static EtcdProcess start(Path folder) throws IOException {
    return start(folder, "http", List.of());
  }

  /// @param options further ones, such as those for certificates
  static EtcdProcess start(Path folder, String scheme, List<String> options) throws IOException {
    Optional<Path> program = program();
    if (program.isEmpty()) {
      System.out.println("skipped: no etcd on the PATH (Debian's package etcd-server)");
    }
    Assumptions.assumeTrue(program.isPresent(), "etcd is not on the PATH");
    EtcdProcess etcd = new EtcdProcess(program.orElseThrow(), folder, scheme, options);
    etcd.start();
    return etcd;
  }

  private static Optional<Path> program() {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
        .map(each -> Path.of(each, "etcd"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  public String url() {
    return scheme + "://127.0.0.1:" + clientPort;
  }

  Path program(String other) {
    return program.resolveSibling(other);
  }

  /// Starts it (again), and waits until it answers.
  public void start() throws IOException {
    String peers = "http://127.0.0.1:" + peerPort;
    List<String> command =
        new ArrayList<>(
            List.of(
                program.toString(),
                "--name=test",
                "--data-dir=" + folder,
                "--listen-client-urls=" + url(),
                "--advertise-client-urls=" + url(),
                "--listen-metrics-urls=http://127.0.0.1:" + metricsPort(),
                "--listen-peer-urls=" + peers,
                "--initial-advertise-peer-urls=" + peers,
                "--initial-cluster=test=" + peers));
    command.addAll(options);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(new File(folder.toString() + ".log")));
    builder.environment().keySet().removeIf(name -> name.startsWith("ETCD_"));
    process = builder.start();
    awaitHealthy();
  }

  private int metrics;

  private int metricsPort() throws IOException {
    if (metrics == 0) {
      metrics = FreePort.find();
    }
    return metrics;
  }

  private void awaitHealthy() throws IOException {
    CountDownLatch never = new CountDownLatch(1);
    for (int look = 0; look < LOOKS_MAX; look++) {
      if (isHealthy()) {
        return;
      }
      if (!process.isAlive()) {
        throw new IOException("etcd ended: see " + folder + ".log");
      }
      try {
        boolean unused = never.await(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException(e);
      }
    }
    throw new IOException("etcd is not healthy: see " + folder + ".log");
  }

  private boolean isHealthy() {
    try {
      HttpURLConnection connection =
          (HttpURLConnection)
              URI.create("http://127.0.0.1:" + metrics + "/health").toURL().openConnection();
      return connection.getResponseCode() == 200;
    } catch (IOException notYet) {
      return false;
    }
  }

  /// As when its machine loses power.
  public void kill() throws IOException {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  /// Stops it where it is, or lets it go on: connections stay, nobody answers.
  void signal(String name) throws IOException, InterruptedException {
    int status = new ProcessBuilder("kill", "-" + name, "" + process.pid()).start().waitFor();
    if (status != 0) {
      throw new IOException("kill gave " + status);
    }
  }

  @Override
  public void close() throws IOException {
    kill();
  }
}
