"""The platform's endpoints: tokens, line items, scores and results."""

from django.urls import include, path

urlpatterns = [path("", include("lti_consumer.plugin.urls", namespace="lti_consumer"))]
