"""The rules of the array engine, part by part: functions of one row of whole numbers."""
