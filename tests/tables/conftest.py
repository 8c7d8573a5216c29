from tests.object_storage import bucket, cloud, s3_server

__all__ = ["bucket", "cloud", "s3_server"]
