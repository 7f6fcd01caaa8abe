// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/util/retry"
)

// discover finds what kubectl and Helm find: kinds by name, the version, OpenAPI.
func (w *walk) discover(context.Context) error {
	groups, err := restmapper.GetAPIGroupResources(w.discovery)
	if err != nil {
		return err
	}
	mapper := restmapper.NewDiscoveryRESTMapper(groups)
	mapping, err := mapper.RESTMapping(schema.GroupKind{Group: "apps", Kind: "Deployment"})
	if err != nil {
		return err
	}
	if err := expect("where deployments are", mapping.Resource.String(), "apps/v1, Resource=deployments"); err != nil {
		return err
	}
	_, err = mapper.RESTMapping(schema.GroupKind{Group: "apps", Kind: "Nonsense"})
	if !meta.IsNoMatchError(err) {
		return fmt.Errorf("a kind that is not there: %v", err)
	}
	_, err = w.discovery.ServerResourcesForGroupVersion("nonsense.example.com/v1")
	if !apierrors.IsNotFound(err) {
		return fmt.Errorf("a group that is not there: %v", err)
	}
	if _, err := w.discovery.OpenAPISchema(); err != nil {
		return fmt.Errorf("OpenAPI version 2: %w", err)
	}
	paths, err := w.discovery.OpenAPIV3().Paths()
	if err != nil {
		return fmt.Errorf("OpenAPI version 3: %w", err)
	}
	if paths["apis/apps/v1"] == nil {
		return errors.New("OpenAPI version 3 of apps/v1 is not there")
	}
	_, err = w.discovery.ServerVersion()
	return err
}

// write writes one ConfigMap in each way there is.
func (w *walk) write(ctx context.Context) error {
	maps := w.protobuf.CoreV1().ConfigMaps(namespace)
	settings := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "settings"}, Data: map[string]string{"a": "1"}}
	created, err := maps.Create(ctx, settings, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if _, err := maps.Create(ctx, settings, metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("created twice: %v", err)
	}
	for patchType, patch := range map[types.PatchType]string{
		types.StrategicMergePatchType: `{"data":{"b":"2"}}`,
		types.MergePatchType:          `{"data":{"a":null}}`,
		types.JSONPatchType:           `[{"op":"add","path":"/data/c","value":"3"}]`,
	} {
		if _, err := maps.Patch(ctx, "settings", patchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("%s: %w", patchType, err)
		}
	}
	if _, err := maps.Update(ctx, created, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		return fmt.Errorf("an update of an old revision: %v", err)
	}
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		now, err := maps.Get(ctx, "settings", metav1.GetOptions{})
		if err != nil {
			return err
		}
		now.Data["d"] = "4"
		_, err = maps.Update(ctx, now, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	return w.apply(ctx)
}

// apply applies on the server's side, with a conflict and without.
func (w *walk) apply(ctx context.Context) error {
	maps := w.json.CoreV1().ConfigMaps(namespace)
	wanted := applycorev1.ConfigMap("settings", namespace).WithData(map[string]string{"b": "mine"})
	_, err := maps.Apply(ctx, wanted, metav1.ApplyOptions{FieldManager: "walk"})
	if !apierrors.IsConflict(err) {
		return fmt.Errorf("a field of another manager is taken without force: %v", err)
	}
	if _, err := maps.Apply(ctx, wanted, metav1.ApplyOptions{FieldManager: "walk", Force: true}); err != nil {
		return err
	}
	now, err := w.protobuf.CoreV1().ConfigMaps(namespace).Get(ctx, "settings", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := expect("data", fmt.Sprint(now.Data), "map[b:mine c:3 d:4]"); err != nil {
		return err
	}
	extracted, err := applycorev1.ExtractConfigMap(now, "walk")
	if err != nil {
		return err
	}
	return expect("applied data", fmt.Sprint(extracted.Data), "map[b:mine]")
}

// page lists in pages, counts what remains, deletes a collection.
func (w *walk) page(ctx context.Context) error {
	secrets := w.protobuf.CoreV1().Secrets(namespace)
	for index := range 7 {
		secret := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "page-", Labels: map[string]string{"page": "yes"}},
			StringData: map[string]string{"index": fmt.Sprint(index)},
		}
		if _, err := secrets.Create(ctx, secret, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	seen := 0
	pages := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return secrets.List(ctx, options)
	})
	pages.PageSize = 3
	err := pages.EachListItem(ctx, metav1.ListOptions{LabelSelector: "page"}, func(runtime.Object) error {
		seen++
		return nil
	})
	if err != nil {
		return err
	}
	if err := expect("secrets in pages", seen, 7); err != nil {
		return err
	}
	err = secrets.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "page=yes"})
	if err != nil {
		return err
	}
	left, err := secrets.List(ctx, metav1.ListOptions{LabelSelector: "page"})
	if err != nil {
		return err
	}
	return expect("secrets after their deletion", len(left.Items), 0)
}

// review asks what may be done, and for a token that it then shows.
func (w *walk) review(ctx context.Context) error {
	asked := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "delete", Resource: "nodes"},
	}}
	allowed, err := w.protobuf.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, asked, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := expect("an administrator deletes nodes", allowed.Status.Allowed, true); err != nil {
		return err
	}
	token, err := w.protobuf.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, "default",
		&authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token.Status.Token}}
	known, err := w.protobuf.AuthenticationV1().TokenReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return expect("the token's user", known.Status.User.Username, "system:serviceaccount:"+namespace+":default")
}

func (w *walk) deleteNamespace(ctx context.Context) error {
	if err := w.protobuf.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return until(ctx, "the namespace goes", func(ctx context.Context) (bool, error) {
		_, err := w.protobuf.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
}
