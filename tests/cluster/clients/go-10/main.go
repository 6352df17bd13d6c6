// A program that keeps a cache of its namespace's ConfigMaps, as most operators in Go do.
package main

import (
	"flag"
	"log"
	"os"

	"k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog"
)

func main() {
	klog.InitFlags(nil)
	flag.Set("logtostderr", "true")
	flag.Parse()
	config, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}
	clients := kubernetes.NewForConfigOrDie(config)
	source := cache.NewListWatchFromClient(
		clients.CoreV1().RESTClient(), "configmaps", os.Getenv("POD_NAMESPACE"), fields.Everything())
	_, informer := cache.NewInformer(source, &v1.ConfigMap{}, 0, cache.ResourceEventHandlerFuncs{
		AddFunc: func(object interface{}) { log.Print("seen ", object.(*v1.ConfigMap).Name) },
	})
	informer.Run(make(chan struct{}))
}
