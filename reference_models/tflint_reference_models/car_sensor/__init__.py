"""CarSensor: in a vehicle or not, from a phone's accelerometer."""
