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
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Small things beside the store in etcd, for the processes that share it: they are no objects and
/// no revision of the store is theirs.
public final class EtcdNotes {
  private static final String OFFSET = "revision-offset";

  private static final String RESTORING = "restoring";

  private final EtcdSettings settings;
  private final EtcdConnection connection;
  private final EtcdLeases leases;
  private final Sealing sealing;
  private final Map<String, String> alive = new ConcurrentHashMap<>();

  EtcdNotes(EtcdSettings settings, EtcdConnection connection, EtcdLeases leases, Sealing sealing) {
    this.sealing = sealing;
    this.settings = settings;
    this.connection = connection;
    this.leases = leases;
  }

  @Nullable String read(String name) {
    @Nullable ByteString found = find(name);
    return found == null ? null : found.toString(StandardCharsets.UTF_8);
  }

  private @Nullable ByteString find(String name) {
    List<KeyValue> found =
        connection
            .await("reading " + name, connection.keys().range(EtcdTransactions.one(key(name))))
            .getKvsList();
    return found.isEmpty() ? null : found.getFirst().getValue();
  }

  /// A secret note, null when there is none.
  ///
  /// @param as the key of the store as whose value it is sealed
  /// @throws StoreException when it cannot be opened
  public @Nullable String readSealed(String name, String as) {
    @Nullable ByteString found = find(name);
    return found == null ? null : open(as, found);
  }

  private String open(String as, ByteString kept) {
    return new String(sealing.open(as, kept.toByteArray()).value(), StandardCharsets.UTF_8);
  }

  /// Writes a secret note unless somebody has written it before.
  ///
  /// @return what is there then: that of whoever was first
  public String readOrWriteSealed(String name, String as, String text) {
    byte[] sealed = sealing.seal(as, text.getBytes(StandardCharsets.UTF_8)).bytes();
    PutRequest put =
        PutRequest.newBuilder().setKey(key(name)).setValue(ByteString.copyFrom(sealed)).build();
    TxnRequest request =
        TxnRequest.newBuilder()
            .addCompare(EtcdTransactions.hasRevision(key(name), 0))
            .addSuccess(RequestOp.newBuilder().setRequestPut(put))
            .addFailure(RequestOp.newBuilder().setRequestRange(EtcdTransactions.one(key(name))))
            .build();
    TxnResponse answer = connection.await("writing " + name, connection.keys().txn(request));
    return answer.getSucceeded()
        ? text
        : open(as, answer.getResponses(0).getResponseRange().getKvs(0).getValue());
  }

  /// Writes a note that stands while this process lives.
  public void writeWhileAlive(String name, String text) {
    alive.put(name, text);
    write(name, text, leases.own());
  }

  /// Writes again what stood on a lease that is lost.
  void renew() {
    long lease = leases.own();
    alive.forEach((name, text) -> write(name, text, lease));
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

  /// Notes that a restore is under way, or is done.
  void restoring(boolean underWay) {
    if (underWay) {
      write(RESTORING, "", 0);
    } else {
      remove(RESTORING);
    }
  }

  /// @throws StoreException when half a backup is all that there is
  void requireWhole() {
    if (find(RESTORING) != null) {
      throw new StoreException(
          "a restore into %s of the etcd at %s was not finished: run `havn restore` again"
              .formatted(settings.prefix(), connection.addresses()),
          null);
    }
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
