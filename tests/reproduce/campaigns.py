"""Made-up campaigns: records as a Table 1 leaves them, without training anything."""

from tbrnn.reproduce.table1.records import CLASSES, StudentRecord, TeacherRecord


def teacher_record(task="flipflop-1", run=0, teacher="rnn", **changes):
    values = {
        "rank": 1,
        "status": "converged",
        "attempts": 1,
        "redrawn": 0,
        "epochs": 900,
        "best_loss": 9e-5,
        "last_loss": 9e-5,
        "accuracy": 1.0,
        "test_loss": 1e-4,
    }
    return TeacherRecord(task=task, run=run, teacher=teacher, **{**values, **changes})


def student_record(task, run, teacher, student, rank, r2, **changes):
    values = {
        "status": "capped",
        "epochs": 15000,
        "best_loss": 2e-4,
        "last_loss": 2e-4,
        "rate_r2": r2,
        "pooled_r2": r2,
        "accuracy": 1.0,
        "test_loss": 1e-3,
        "state_error": 1e-3,
    }
    place = {"task": task, "run": run, "teacher": teacher, "student": student, "rank": rank}
    return StudentRecord(**place, r2=r2, **{**values, **changes})


def campaign(protocol, r2, rejected=()):
    """Teachers and students of a protocol; r2(task, run, teacher, student, rank) is a score."""
    teachers, students = [], []
    for task in protocol.tasks:
        for run in range(protocol.runs):
            for teacher in CLASSES:
                lost = (task, run, teacher) in rejected
                fate = {"status": "rejected", "attempts": protocol.attempts} if lost else {}
                teachers.append(teacher_record(task, run, teacher, **fate))
                if not lost:
                    students += [
                        student_record(
                            task, run, teacher, student, rank, r2(task, run, teacher, student, rank)
                        )
                        for student in CLASSES
                        for rank in protocol.ranks
                    ]
    return teachers, students
