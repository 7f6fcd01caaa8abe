// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.cri.CriClient;
import dev.havn.node.cri.CriException;
import dev.havn.node.cri.StreamingSession;
import dev.havn.node.protocol.cri.Cri;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.node.runtime.ContainerRuntime.Streams;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// Commands in containers, their first processes, and ports, by way of a CRI runtime: it names the
/// address at which the streams are to be had.
record CriStreams(CriClient client, ScheduledExecutorService executor) {
  private static final int TIMED_OUT = -1;

  /// @return the exit code, -1 when the time was up
  int exec(
      String containerId, List<String> command, boolean tty, Streams streams, Duration timeout) {
    try {
      if (streams.stdin() == null && !tty && !timeout.isZero()) {
        return atOnce(containerId, command, streams, timeout);
      }
      var request =
          Cri.ExecRequest.newBuilder()
              .setContainerId(containerId)
              .addAllCmd(command)
              .setTty(tty)
              .setStdin(streams.stdin() != null)
              .setStdout(streams.stdout() != null)
              .setStderr(streams.stderr() != null && !tty)
              .build();
      return run(client.ask(stub -> stub.exec(request)).getUrl(), tty, streams, timeout);
    } catch (CriException e) {
      throw new StartException("ExecError", "exec: " + e.description(), e);
    } catch (IOException e) {
      throw new StartException("ExecError", "exec: " + e.getMessage(), e);
    }
  }

  /// A command that nobody talks with: the runtime ends it when its time is up.
  private int atOnce(String containerId, List<String> command, Streams streams, Duration timeout)
      throws IOException {
    var request =
        Cri.ExecSyncRequest.newBuilder()
            .setContainerId(containerId)
            .addAllCmd(command)
            .setTimeout(CriUpkeep.seconds(timeout))
            .build();
    try {
      Cri.ExecSyncResponse answer =
          client.ask(timeout.plus(CriClient.WITHIN), stub -> stub.execSync(request));
      if (streams.stdout() != null) {
        answer.getStdout().writeTo(streams.stdout());
      }
      if (streams.stderr() != null) {
        answer.getStderr().writeTo(streams.stderr());
      }
      return answer.getExitCode();
    } catch (CriException e) {
      if (e.isTimeout()) {
        return TIMED_OUT;
      }
      throw e;
    }
  }

  /// Speaks with the first process of a container until it ends or the client goes.
  void attach(String containerId, boolean tty, Streams streams) {
    var request =
        Cri.AttachRequest.newBuilder()
            .setContainerId(containerId)
            .setTty(tty)
            .setStdin(streams.stdin() != null)
            .setStdout(streams.stdout() != null)
            .setStderr(streams.stderr() != null && !tty)
            .build();
    try {
      int unused =
          run(client.ask(stub -> stub.attach(request)).getUrl(), tty, streams, Duration.ZERO);
    } catch (CriException e) {
      throw new StartException("AttachError", "attach: " + e.description(), e);
    } catch (IOException e) {
      throw new StartException("AttachError", "attach: " + e.getMessage(), e);
    }
  }

  private int run(String url, boolean tty, Streams streams, Duration timeout) throws IOException {
    @Nullable OutputStream errors = tty ? null : streams.stderr();
    var ends = new StreamingSession.Ends(streams.stdin(), streams.stdout(), errors);
    AtomicBoolean late = new AtomicBoolean();
    try (StreamingSession session = StreamingSession.command(url)) {
      streams.onClose().accept(session::close);
      session.begin(ends, tty);
      if (tty) {
        streams.onResize().accept(session::resize);
      }
      if (timeout.isZero()) {
        return session.run(ends);
      }
      Future<?> end =
          executor.schedule(() -> giveUp(session, late), timeout.toMillis(), TimeUnit.MILLISECONDS);
      int code = session.run(ends);
      end.cancel(false);
      return late.get() ? TIMED_OUT : code;
    }
  }

  private static void giveUp(StreamingSession session, AtomicBoolean late) {
    late.set(true);
    session.close();
  }

  /// Copies between a port inside a pod and streams until one side closes.
  void connect(String sandbox, int port, InputStream in, OutputStream out) {
    var request =
        Cri.PortForwardRequest.newBuilder().setPodSandboxId(sandbox).addPort(port).build();
    try (StreamingSession session =
        StreamingSession.port(client.ask(stub -> stub.portForward(request)).getUrl())) {
      session.runPort(port, in, out);
    } catch (CriException e) {
      throw new StartException("ForwardError", "port " + port + ": " + e.description(), e);
    } catch (IOException e) {
      throw new StartException("ForwardError", "port " + port + ": " + e.getMessage(), e);
    }
  }
}
