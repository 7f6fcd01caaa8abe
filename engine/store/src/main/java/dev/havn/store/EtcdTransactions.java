// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.Compare;
import io.etcd.jetcd.api.Compare.CompareResult;
import io.etcd.jetcd.api.Compare.CompareTarget;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;

/// The transactions by which a store writes to etcd. Each successful one also writes the head, a
/// key beside the store's: its revision is that of the newest write of anybody to this store,
/// whoever else uses the etcd, so one small read tells how far a view must be.
final class EtcdTransactions {
  private static final ByteString NOTHING = ByteString.EMPTY;

  private final ByteString head;

  EtcdTransactions(ByteString head) {
    this.head = head;
  }

  /// Puts when `conditions` hold; else reads the key and the head.
  TxnRequest put(Iterable<Compare> conditions, ByteString key, ByteString value, long lease) {
    PutRequest put = PutRequest.newBuilder().setKey(key).setValue(value).setLease(lease).build();
    return transaction(conditions, key, RequestOp.newBuilder().setRequestPut(put).build());
  }

  /// Deletes when `conditions` hold; else reads the key and the head.
  TxnRequest delete(Iterable<Compare> conditions, ByteString key) {
    DeleteRangeRequest delete = DeleteRangeRequest.newBuilder().setKey(key).build();
    return transaction(
        conditions, key, RequestOp.newBuilder().setRequestDeleteRange(delete).build());
  }

  private TxnRequest transaction(Iterable<Compare> conditions, ByteString key, RequestOp wish) {
    PutRequest moved = PutRequest.newBuilder().setKey(head).setValue(NOTHING).build();
    return TxnRequest.newBuilder()
        .addAllCompare(conditions)
        .addSuccess(wish)
        .addSuccess(RequestOp.newBuilder().setRequestPut(moved))
        .addFailure(RequestOp.newBuilder().setRequestRange(one(key)))
        .addFailure(RequestOp.newBuilder().setRequestRange(one(head)))
        .build();
  }

  RangeRequest readHead() {
    return one(head);
  }

  static RangeRequest one(ByteString key) {
    return RangeRequest.newBuilder().setKey(key).build();
  }

  /// @param revision of etcd, 0 for absent
  static Compare hasRevision(ByteString key, long revision) {
    return Compare.newBuilder()
        .setKey(key)
        .setTarget(CompareTarget.MOD)
        .setResult(CompareResult.EQUAL)
        .setModRevision(revision)
        .build();
  }

  static Compare isThere(ByteString key) {
    return Compare.newBuilder()
        .setKey(key)
        .setTarget(CompareTarget.CREATE)
        .setResult(CompareResult.GREATER)
        .setCreateRevision(0)
        .build();
  }
}
