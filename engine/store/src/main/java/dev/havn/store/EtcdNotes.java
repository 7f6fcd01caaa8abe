// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Small things beside the store in etcd, for the processes that share it: they are no objects and
/// no revision of the store is theirs.
public final class EtcdNotes {
  private static final String OFFSET = "revision-offset";

  private final EtcdSettings settings;
  private final EtcdConnection connection;
  private final EtcdLeases leases;

  EtcdNotes(EtcdSettings settings, EtcdConnection connection, EtcdLeases leases) {
    this.settings = settings;
    this.connection = connection;
    this.leases = leases;
  }

  public @Nullable String read(String name) {
    List<KeyValue> found =
        connection
            .await("reading " + name, connection.keys().range(EtcdTransactions.one(key(name))))
            .getKvsList();
    return found.isEmpty() ? null : found.getFirst().getValue().toString(StandardCharsets.UTF_8);
  }

  /// Writes a note that nobody has written before, and returns what is there then: that of whoever
  /// was first.
  public String readOrWrite(String name, String text) {
    PutRequest put =
        PutRequest.newBuilder().setKey(key(name)).setValue(ByteString.copyFromUtf8(text)).build();
    TxnRequest request =
        TxnRequest.newBuilder()
            .addCompare(EtcdTransactions.hasRevision(key(name), 0))
            .addSuccess(RequestOp.newBuilder().setRequestPut(put))
            .addFailure(RequestOp.newBuilder().setRequestRange(EtcdTransactions.one(key(name))))
            .build();
    TxnResponse answer = connection.await("writing " + name, connection.keys().txn(request));
    return answer.getSucceeded()
        ? text
        : answer
            .getResponses(0)
            .getResponseRange()
            .getKvs(0)
            .getValue()
            .toString(StandardCharsets.UTF_8);
  }

  /// Writes a note that stands while this process lives.
  public void writeWhileAlive(String name, String text) {
    write(name, text, leases.own());
  }

  void write(String name, String text, long lease) {
    PutRequest put =
        PutRequest.newBuilder()
            .setKey(key(name))
            .setValue(ByteString.copyFromUtf8(text))
            .setLease(lease)
            .build();
    var unused = connection.await("writing " + name, connection.keys().put(put));
  }

  void remove(String name) {
    DeleteRangeRequest request = DeleteRangeRequest.newBuilder().setKey(key(name)).build();
    var unused = connection.await("removing " + name, connection.keys().deleteRange(request));
  }

  /// The notes in a folder whose name ends in a slash.
  public List<String> list(String folder) {
    RangeRequest request =
        RangeRequest.newBuilder()
            .setKey(key(folder))
            .setRangeEnd(EtcdMirror.endOf(settings.beside(folder)))
            .build();
    return connection
        .await("reading " + folder, connection.keys().range(request))
        .getKvsList()
        .stream()
        .map(found -> found.getValue().toString(StandardCharsets.UTF_8))
        .toList();
  }

  private ByteString key(String name) {
    return ByteString.copyFromUtf8(settings.beside(name));
  }

  /// What is added to etcd's revisions so that those of the store rise across a restore.
  long offset() {
    @Nullable String known = read(OFFSET);
    return known == null ? 0 : Long.parseLong(known);
  }

  void offset(long offset) {
    write(OFFSET, Long.toString(offset), 0);
  }
}
